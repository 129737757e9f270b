"""py-rattler, as the rest of the house sees it: solve, install, and errors that say what to do."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelarts_nb.envs.engine.program import run_program
from modelarts_nb.envs.engine.secrets import without_secrets
from modelarts_nb.errors import (
    AccessDenied,
    DiskFull,
    EngineFailed,
    ModelArtsNbError,
    NetworkUnavailable,
    Unsolvable,
    UsageError,
)
from modelarts_nb.progress import SILENT, Progress

_COMMAND = [sys.executable, "-m", "modelarts_nb.envs.engine.child"]
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Source:
    """Where packages come from.

    Args:
        channels: addresses or names, the first wins.
        cache: the folder for downloads, on the local disk.
        environment: variables for proxies and certificates.
        insecure: do not verify certificates.
        strict: a package is taken only from the first channel that has it.
        add_pip: Python brings pip, as conda does it.
    """

    channels: tuple[str, ...]
    cache: Path
    environment: dict[str, str] = field(default_factory=dict)
    insecure: bool = False
    strict: bool = True
    add_pip: bool = True


def solve(
    source: Source,
    specs: Sequence[str],
    *,
    prefix: Path | None = None,
    progress: Progress = SILENT,
) -> list[dict[str, Any]]:
    """The packages that satisfy ``specs``.

    Args:
        source: where from.
        specs: as conda spells them, or addresses of packages.
        prefix: an environment whose packages are kept where that is possible.

    Returns:
        Records of the repodata.

    Raises:
        UsageError: a spec that is none.
        Unsolvable: no packages satisfy them; says which spec it is about.
        NetworkUnavailable: a channel cannot be reached.
        EngineFailed: anything else.
    """
    progress.phase("solving")
    job = {
        "call": "solve",
        "specs": list(specs),
        "channels": list(source.channels),
        "prefix": str(prefix) if prefix else None,
        "strict": source.strict,
        "pip": source.add_pip,
    }
    result: list[dict[str, Any]] = _run(job, source, progress)
    return result


def install(
    source: Source,
    prefix: Path,
    final: Path,
    *,
    records: Sequence[dict[str, Any]] | None = None,
    without: Sequence[str] = (),
    again: Iterable[str] = (),
    requested: Sequence[str] = (),
    progress: Progress = SILENT,
) -> None:
    """Make ``prefix`` hold exactly ``records`` (or what it holds, without some packages).

    Args:
        prefix: where the files go (staging).
        final: the prefix that the files speak of.
        records: what ``solve`` returned; None: what is there.
        without: names of packages to remove, where ``records`` is None.
        again: names of packages to install anew, because files of them are missing.
        requested: the specs that the user asked for.

    Raises:
        NetworkUnavailable: a package cannot be downloaded.
        DiskFull, AccessDenied: it cannot be written.
        EngineFailed: anything else.
    """
    job = {
        "call": "install",
        "prefix": str(prefix),
        "final": str(final),
        "records": list(records) if records is not None else None,
        "without": list(without),
        "again": sorted(again),
        "requested": list(requested),
    }
    sizes = {str(r.get("name")): int(r.get("size") or 0) for r in records or ()}
    progress.phase("downloading", bytes=sum(sizes.values()) or None)
    _run(job, source, progress)


def names_of(specs: Sequence[str], source: Source, progress: Progress = SILENT) -> list[str]:
    """The package that each spec is about.

    Raises:
        UsageError: a spec that is none.
    """
    names: list[str] = _run({"call": "check", "specs": list(specs)}, source, progress)
    return names


class _Ear:
    """Understands the events of the child."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total: int | None = None
        self._linking = False
        self.last: dict[str, Any] | None = None

    def __call__(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict):
            return
        kind = event.get("event")
        if kind is None:
            self.last = event
        elif kind == "start":
            self._total = event["total"]
        elif kind == "bytes":
            if not self._linking:
                self._progress.advance(bytes=event["bytes"])
        elif kind == "download":
            self._progress.log(f"downloading {event['name']}")
        elif kind in ("linked", "unlink"):
            if not self._linking:
                self._linking = True
                self._progress.phase("linking", files=self._total)
            self._progress.advance(files=1)
            self._progress.log(f"{kind.removesuffix('ed')} {event['name']}")


def _run(job: dict[str, Any], source: Source, progress: Progress) -> Any:
    ear = _Ear(progress)
    given = json.dumps({**job, "cache": str(source.cache), "insecure": source.insecure})
    environment = {**os.environ, **source.environment, "RUST_BACKTRACE": "0"}
    # The child finds us where we are, installed or not, and nothing of the user's current folder.
    environment["PYTHONPATH"] = str(_PACKAGE_ROOT)
    environment["PYTHONSAFEPATH"] = "1"
    environment.pop("PYTHONHOME", None)
    ended = run_program(
        _COMMAND,
        environment=environment,
        folder=Path("/"),
        given=given,
        heard=ear,
        merge=False,
        progress=progress,
    )
    if ear.last is None:
        raise EngineFailed(
            "rattler ended without a result.",
            hint="Run the same again; `--engine conda` uses the conda that is installed.",
            cause=f"exit code {ended.code}; " + "\n".join(ended.tail),
        )
    if (failed := ear.last.get("error")) is not None:
        raise understand(failed["kind"], failed["message"], job.get("specs", []))
    return ear.last.get("result")


def understand(kind: str, message: str, specs: Sequence[str] = ()) -> ModelArtsNbError:
    """The error that a user understands, from what py-rattler says.

    Args:
        kind: the child's: ``spec``, ``unsolvable``, ``network`` or ``other``.
        message: py-rattler's words.
        specs: what was asked for.
    """
    text = without_secrets(message).strip()
    first = text.splitlines()[0] if text else "no reason given"
    if kind == "spec":
        return UsageError(
            f"That does not name a package: {first}.",
            hint="Write NAME, NAME=VERSION or 'NAME>=VERSION', as in numpy=1.26.",
            cause=text,
        )
    if kind == "unsolvable":
        return _unsolvable(text, specs)
    lowered = text.lower()
    if match := re.search(r"hash mismatch when extracting (\S+)", text):
        return EngineFailed(
            f"{match[1].rpartition('/')[2]} is not the package that was expected.",
            hint="Its checksum is another: the channel or a proxy on the way delivers wrong files.",
            cause=text,
        )
    if kind == "network" or re.search(r"error sending request|http status", lowered):
        return NetworkUnavailable(
            f"A channel cannot be reached: {_address(text) or first}.",
            hint="Check the network and the channels (-c, .condarc); a mirror may be nearer.",
            cause=text,
        )
    if "no space left" in lowered or "os error 28" in lowered or "quota" in lowered:
        return DiskFull(
            "The disk is full (installing packages).",
            hint="Free space (`ma bin empty`, `ma env remove NAME`) and run the same again.",
            cause=text,
        )
    if "permission denied" in lowered or "os error 13" in lowered:
        return AccessDenied("No permission (installing packages).", cause=text)
    return EngineFailed(
        f"rattler failed: {first}.",
        hint="Run the same again; `--engine conda` uses the conda that is installed.",
        cause=text,
    )


def _address(text: str) -> str:
    match = re.search(r"url \(([^\s()]+)\)", text)
    return match[1] if match else ""


_REASON = re.compile(r"^Cannot solve the request because of: *", re.MULTILINE)
_NO_CANDIDATE = re.compile(
    r"No candidates were found for ([^\s]+)(?: ([^\n]*?))?\.?$", re.MULTILINE
)


def _unsolvable(text: str, specs: Sequence[str]) -> Unsolvable:
    reason = _REASON.sub("", text)
    asked = ", ".join(specs)
    if match := _NO_CANDIDATE.search(reason):
        name, version = match[1], match[2] or "*"
        what = name if version == "*" else f"{name} {version}"
        return Unsolvable(
            f"No channel has {what}.",
            hint=f"Check the spelling and the version of {name!r}, or name a channel with -c.",
            cause=text,
        )
    named = [spec for spec in specs if re.search(rf"(?<![\w-]){re.escape(_stem(spec))}\b", reason)]
    return Unsolvable(
        f"These packages do not go together: {', '.join(named) or asked}.",
        hint="Loosen the version of one of them.",
        cause=reason,
    )


def _stem(spec: str) -> str:
    return re.split(r"[\s=<>!~\[;]", spec.rpartition("::")[2].strip(), maxsplit=1)[0]
