"""The conda that is installed, for who prefers it: ``--engine conda``."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from modelarts_nb.disk.replace import replace_file
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
_UNSOLVABLE = re.compile(
    r"PackagesNotFoundError|ResolvePackageNotFound|UnsatisfiableError|UnsatisfiableDependencies"
    r"|ResolutionImpossible|LibMambaUnsatisfiable|nothing provides"
)
_UNREACHABLE = re.compile(
    r"CondaHTTPError|HTTP 000|CondaSSLError|ProxyError|ConnectionFailed|UnavailableInvalidChannel"
)


def find_conda() -> str:
    """The path of conda: ``CONDA_EXE``, else on the PATH.

    Raises:
        EngineFailed: there is none.
    """
    named = os.environ.get("CONDA_EXE")
    program = named if named and os.access(named, os.X_OK) else shutil.which("conda")
    if not program:
        raise EngineFailed(
            "There is no conda here.",
            hint="Leave --engine out (rattler needs no conda), or set CONDA_EXE to conda's path.",
        )
    return program


def conda_create(
    prefix: Path,
    specs: Sequence[str],
    *,
    channels: Sequence[str] = (),
    explicit: bool = False,
    home: Path,
    progress: Progress = SILENT,
) -> None:
    """Let conda make an environment at ``prefix``; its files will name this place.

    Args:
        specs: as conda spells them; addresses of packages where ``explicit``.
        channels: only these; none: as conda's settings say.
        home: whose ``environments.txt`` must not keep the place.

    Raises:
        Unsolvable, NetworkUnavailable, DiskFull: as conda says.
        EngineFailed: anything else, or there is no conda.
        Cancelled: the user's wish.
    """
    program = find_conda()
    # Copies: hard links into conda's package cache would be changed together with it.
    command = [program, "create", "--yes", "--copy", "--prefix", str(prefix)]
    if channels:
        command += ["--override-channels", *(part for c in channels for part in ("-c", c))]
    progress.phase("solving")
    with contextlib.ExitStack() as stack:
        if explicit:
            file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".txt"))
            file.write("@EXPLICIT\n" + "".join(f"{spec}\n" for spec in specs))
            file.flush()
            command += ["--file", file.name]
        else:
            command += ["--", *specs] if specs else []
        environment = {**os.environ, "CONDA_REGISTER_ENVS": "false", "CONDA_ALWAYS_YES": "1"}
        environment["CONDA_SUBPROCESS_PROGRESS"] = "0"
        ended = run_program(
            command,
            environment=environment,
            heard=lambda line: _heard(line, progress),
            progress=progress,
        )
    _forget(prefix, home)
    if ended.code:
        raise understand(ended)


def understand(ended: Ended) -> ModelArtsNbError:
    """The error that a user understands, from what conda said last."""
    said = [without_secrets(line) for line in ended.tail if line.strip()]
    text, cause = "\n".join(said), "\n".join(said[-_LINES_SHOWN:])
    if "NoSpaceLeft" in text or "No space left on device" in text:
        return DiskFull(
            "The disk is full (conda).",
            hint="Free space (`ma bin empty`, `ma env remove NAME`) and run the same again.",
            cause=cause,
        )
    if _UNREACHABLE.search(text):
        return NetworkUnavailable(
            "conda cannot reach a channel.",
            hint="Check the network and the channels (-c, .condarc); a mirror may be nearer.",
            cause=cause,
        )
    if _UNSOLVABLE.search(text):
        missing = re.findall(r"^\s+- (\S.*?)\s*$", text, re.MULTILINE)
        return Unsolvable(
            f"conda finds no packages that satisfy {', '.join(missing[:5]) or 'the request'}.",
            hint="Check names and versions, or name a channel with -c.",
            cause=cause,
        )
    return EngineFailed(
        f"conda failed: {said[-1].strip() if said else f'exit code {ended.code}'}",
        hint="The cause holds conda's last lines; without --engine conda, rattler installs.",
        cause=cause,
    )


def _heard(line: str, progress: Progress) -> None:
    progress.log(without_secrets(line))
    if line.startswith("Downloading"):
        progress.phase("downloading")
    elif line.startswith(("Preparing transaction", "Executing transaction")):
        progress.phase("linking")


def _forget(prefix: Path, home: Path) -> None:
    """An older conda lists every prefix it makes; this one is only a staging place."""
    listed = home / ".conda" / "environments.txt"
    try:
        lines = listed.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    if str(prefix) in lines:
        others = [line for line in lines if line != str(prefix)]
        replace_file(listed, "".join(f"{line}\n" for line in others).encode())
