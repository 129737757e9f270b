"""pip, run by the environment's own Python."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from modelarts_nb.envs.engine.compiled import clean_environment
from modelarts_nb.envs.engine.program import Ended, run_program
from modelarts_nb.envs.engine.secrets import without_secrets
from modelarts_nb.errors import (
    DiskFull,
    EngineFailed,
    ModelArtsNbError,
    NetworkUnavailable,
    Unsolvable,
)
from modelarts_nb.progress import SILENT, Progress

_LINES_SHOWN = 12
# How pip says it: https://pip.pypa.io
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError"
    r"|Failed to establish a new connection|Temporary failure in name resolution|SSLError"
    r"|Connection (?:refused|reset|aborted)|No route to host"
)
_UNSOLVABLE = re.compile(
    r"No matching distribution found for (.+)|ResolutionImpossible|Invalid requirement: (.+)"
)
_FULL = re.compile(r"No space left on device|Disk quota exceeded")


def pip_install(
    prefix: Path,
    lines: Sequence[str],
    *,
    folder: Path,
    network: dict[str, str] | None = None,
    progress: Progress = SILENT,
) -> None:
    """Install ``lines`` (as in a requirements file) into the environment at ``prefix``.

    Args:
        prefix: where the environment lies now; its scripts will name this place.
        folder: what relative paths in the lines mean.
        network: more environment variables (proxies).

    Raises:
        Unsolvable: there is no such package, or the versions contradict each other.
        NetworkUnavailable: the index cannot be reached.
        DiskFull: no space.
        EngineFailed: anything else, with pip's last lines.
        Cancelled: the user's wish.
    """
    progress.phase("installing pip packages", files=len(lines))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        arguments = ["install", "--no-compile", "--no-warn-script-location", "-r", file.name]
        ended = _run(prefix, arguments, folder, network, progress)
    if ended.code:
        raise understand(ended, "install")


def pip_uninstall(prefix: Path, names: Sequence[str], *, progress: Progress = SILENT) -> None:
    """Remove packages that pip brought.

    Raises:
        EngineFailed: pip failed, with its last lines.
        Cancelled: the user's wish.
    """
    progress.phase("removing", files=len(names))
    ended = _run(prefix, ["uninstall", "--yes", *names], prefix, None, progress)
    if ended.code:
        raise understand(ended, "uninstall")


def understand(ended: Ended, doing: str) -> ModelArtsNbError:
    """The error that a user understands, from what pip said last."""
    said = [without_secrets(line) for line in ended.tail if line.strip()]
    text = "\n".join(said)
    cause = "\n".join(said[-_LINES_SHOWN:])
    if _FULL.search(text):
        return DiskFull(
            "The disk is full (pip).",
            hint="Free space (`ma bin empty`, `ma env remove NAME`) and run the same again.",
            cause=cause,
        )
    # pip also says "no matching distribution" when it could not ask anybody.
    if _UNREACHABLE.search(text):
        return NetworkUnavailable(
            "pip cannot reach its package index.",
            hint="Check the network and pip's settings (`pip config list`).",
            cause=cause,
        )
    if match := _UNSOLVABLE.search(text):
        what = match[1] or match[2]
        return Unsolvable(
            f"pip finds no package for {what.strip()}."
            if what
            else "The versions that pip was asked for contradict each other.",
            hint="Check names and versions; the cause holds pip's own words.",
            cause=cause,
        )
    if "No module named pip" in text:
        return EngineFailed(
            "There is no pip in this environment.",
            hint="Install it first: `ma env install NAME pip`.",
            cause=cause,
        )
    last = next((line for line in reversed(said) if "error" in line.lower()), said[-1:] or "")
    shown = last if isinstance(last, str) else last[0]
    return EngineFailed(
        f"pip could not {doing} it: {shown.strip() or f'exit code {ended.code}'}",
        hint="The cause holds pip's last lines.",
        cause=cause,
    )


def _run(
    prefix: Path,
    arguments: list[str],
    folder: Path,
    network: dict[str, str] | None,
    progress: Progress,
) -> Ended:
    environment = {
        # Settings that would send packages elsewhere than into this environment.
        **{
            key: value
            for key, value in clean_environment(prefix).items()
            if key not in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
        },
        # Compiled files would name the staging folder, also those of pip itself.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_USER": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_ROOT_USER_ACTION": "ignore",
        **(network or {}),
    }

    def heard(line: str) -> None:
        progress.log(without_secrets(line))
        if line.startswith("Collecting "):
            progress.advance(files=1)

    return run_program(
        [str(prefix / "bin" / "python"), "-m", "pip", *arguments],
        environment=environment,
        folder=folder,
        heard=heard,
        progress=progress,
    )
