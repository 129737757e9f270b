"""Is the compiled Python fresh? Stale bytecode makes every import compile again.

The header of a ``.pyc`` is PEP 552: magic, flags, then source mtime and size, 4 bytes each.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelarts_nb.disk.scan import scan
from modelarts_nb.envs.bytecode import source_of
from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.model import Finding
from modelarts_nb.errors import EngineFailed

_THREADS = 32
_COMPILE_SECONDS = 1800


def _is_stale(prefix: Path, pyc: str, mtime: int, size: int) -> bool:
    try:
        with (prefix / pyc).open("rb") as stream:
            header = stream.read(16)
    except PermissionError:
        return False  # Python cannot read it either, and compiles in memory
    if len(header) < 16:
        return True
    flags, recorded_mtime, recorded_size = struct.unpack("<4xIII", header)
    if flags:  # validated by the source's hash, not by its times
        return False
    return bool(recorded_mtime != mtime & 0xFFFFFFFF or recorded_size != size & 0xFFFFFFFF)


def stale_bytecode(prefix: Path) -> list[str]:
    """Compiled files whose source has changed since, relative to ``prefix``."""
    entries = {e.path: e for e in scan(prefix).entries if e.kind == "file"}
    candidates: list[tuple[str, int, int]] = []
    for path in entries:
        if not path.endswith(".pyc") or ".opt-" in path:
            continue
        source = entries.get(source_of(path))
        if source is not None:
            candidates.append((path, source.mtime_ns // 1_000_000_000, source.size))
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(lambda c: _is_stale(prefix, *c), candidates))
    return [c[0] for c, stale in zip(candidates, answers, strict=True) if stale]


def compile_sources(prefix: Path, sources: Iterable[str]) -> None:
    """Compile with the environment's own interpreter.

    Raises:
        EngineFailed: it did not start or end. (A source that does not compile is no error:
            packages ship some for other versions.)
    """
    listing = "\n".join(str(prefix / source) for source in sources)
    try:
        subprocess.run(
            [prefix / "bin" / "python", "-I", "-m", "compileall", "-q", "-i", "-"],
            input=listing,
            text=True,
            capture_output=True,
            timeout=_COMPILE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(
            "The environment's Python could not compile its sources.", cause=str(error)
        ) from error


def _examine(patient: Patient) -> Finding:
    stale = stale_bytecode(patient.prefix)
    if not stale:
        return Finding("bytecode", "ok", "Compiled Python files are fresh.")
    return Finding(
        "bytecode",
        "warning",
        f"{len(stale):,} compiled Python files are stale: imports are slower than they need be.",
        "Compile them again.",
        tuple(stale),
    )


def _mend(patient: Patient) -> None:
    sources = sorted({source_of(pyc) for pyc in stale_bytecode(patient.prefix)})
    compile_sources(patient.prefix, sources)


PROBE = Probe("bytecode", _examine, _mend)
