"""Compiled Python of files whose text changed: it would still hold the old prefix."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import subprocess
from collections.abc import Iterable
from pathlib import Path

from modelarts_nb.disk.scan import Entry
from modelarts_nb.progress import SILENT, Progress

_TIMEOUT = 120.0

# Runs in the environment's own Python, 2.7 or newer. Takes [[source, compiled, shown as], ...].
_COMPILE = """
import json, py_compile, sys
for source, compiled, shown in json.load(sys.stdin):
    optimize = {"1": 1, "2": 2}.get(compiled[-5:-4] if ".opt-" in compiled else "", 0)
    extra = {"optimize": optimize} if sys.version_info[0] > 2 else {}
    try:
        py_compile.compile(source, compiled, shown, doraise=True, **extra)
    except Exception as error:
        sys.stderr.write("%s: %s\\n" % (shown, error))
"""


def refresh(
    root: Path,
    final: Path,
    sources: Iterable[str],
    *,
    like: Path | None = None,
    progress: Progress = SILENT,
) -> list[str]:
    """Compile anew what was compiled from ``sources``; remove what cannot be.

    Python would notice a changed size or time by itself, but neither need change with a prefix
    of the same length, and an environment may be read-only later.

    Args:
        root: where the environment lies now (it may be staged).
        final: where it will run.
        sources: the changed files, relative to ``root``; those that are not ``.py`` are left out.
        like: an environment with the same Python: the one it was copied from starts faster than
            a copy whose files nobody has read yet.

    Returns:
        The compiled files that were made anew, relative to ``root``.

    Raises:
        OSError: the disk refused.
    """
    wanted = [
        (source, compiled)
        for source in sources
        if source.endswith(".py")
        for compiled in compiled_of(root, source)
    ]
    if not wanted:
        return []
    elsewhere = []
    for source, compiled in wanted:
        ours = _magic(root / compiled) == importlib.util.MAGIC_NUMBER
        (root / compiled).unlink()
        job = [str(root / source), str(root / compiled), str(final / source)]
        # Starting a Python from a slow disk takes longer than all the rest.
        if not (ours and _compiled_here(*job)):
            elsewhere.append(job)
    if elsewhere:
        _compile(like or root, elsewhere, progress)
    return [compiled for _, compiled in wanted if (root / compiled).is_file()]


def _magic(compiled: Path) -> bytes:
    """Which Python can read a compiled file."""
    with compiled.open("rb") as file:
        return file.read(len(importlib.util.MAGIC_NUMBER))


def _compiled_here(source: str, compiled: str, shown: str) -> bool:
    """Compile with this Python; False when it does not compile."""
    optimize = {"1": 1, "2": 2}.get(compiled[-5:-4] if ".opt-" in compiled else "", 0)
    try:
        py_compile.compile(source, compiled, shown, doraise=True, optimize=optimize)
    except (py_compile.PyCompileError, RecursionError, MemoryError, ValueError):
        return False
    return True


def _compile(prefix: Path, jobs: list[list[str]], progress: Progress) -> None:
    """Compile with the Python of the environment at ``prefix``."""
    environment = {k: v for k, v in os.environ.items() if k[:6] != "PYTHON" and k[:3] != "LD_"}
    try:
        result = subprocess.run(
            [prefix / "bin" / "python", "-E", "-S", "-B", "-c", _COMPILE],
            input=json.dumps(jobs).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        progress.log(f"Compiled files are left to the first import: {error}")
        return
    for line in result.stderr.decode("utf-8", "replace").splitlines():
        progress.log(f"Not compiled: {line}")


def compiled_of(root: Path, source: str) -> list[str]:
    """The compiled files of ``source``, of every Python and optimisation; relative to ``root``."""
    folder, _, name = source.rpartition("/")
    stem = name.removesuffix(".py")
    cache = f"{folder}/__pycache__" if folder else "__pycache__"
    try:
        names = os.listdir(root / cache)
    except OSError:
        names = []
    found = [
        f"{cache}/{n}" for n in sorted(names) if n.startswith(f"{stem}.") and n.endswith(".pyc")
    ]
    beside = f"{source}c"
    return [*found, beside] if (root / beside).is_file() else found


def has_time(entry: Entry) -> bool:
    """Does anybody ask when this file or folder was changed? Of compiled files nobody does: what
    they remember is the time of their source, and that is inside."""
    if entry.kind == "dir":
        return not entry.path.endswith("__pycache__")
    return not entry.path.endswith(".pyc")


def source_of(compiled: str) -> str:
    """The path of the source: ``a/m.py`` for ``a/__pycache__/m.cpython-37.pyc``."""
    folder, _, name = compiled.rpartition("/")
    if folder.endswith("__pycache__"):
        folder = folder.removesuffix("__pycache__").rstrip("/")
        name = name.partition(".")[0] + ".pyc"
    return (f"{folder}/" if folder else "") + name[:-1]
