"""Environments that somebody moved by hand (``mv``, an unpacked tar): find out and correct."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelarts_nb.disk.transfer import sync_tree
from modelarts_nb.envs.prefixes import recorded_prefix
from modelarts_nb.envs.relocate import relocate
from modelarts_nb.envs.shebangs import interpreter_of
from modelarts_nb.envs.state import read_state, write_state
from modelarts_nb.progress import SILENT, Progress

_THREADS = 32
_HEAD_BYTES = 512


def former_prefixes(prefix: Path, *, most: int | None = None) -> list[str]:
    """Other prefixes that the scripts of an environment were written for, most named first.

    Args:
        prefix: the environment.
        most: look at that many scripts only, for a quick answer.

    Returns:
        Empty for an environment that is where its scripts say. An interpreter that exists
        elsewhere is no sign of a move when only a few scripts name it (a script of the system's
        Python in ``bin``): a former prefix has no interpreter any more, or most scripts name it.
    """
    try:
        with os.scandir(prefix / "bin") as entries:
            names = sorted(entry.name for entry in entries if _is_script(entry))
    except OSError:
        return []

    def interpreter(name: str) -> str | None:
        try:
            with (prefix / "bin" / name).open("rb") as stream:
                found = interpreter_of(stream.read(_HEAD_BYTES))
        except OSError:
            return None
        return os.fsdecode(found) if found else None

    with ThreadPoolExecutor(_THREADS) as pool:
        found = [path for path in pool.map(interpreter, names[:most]) if path]
    pythons = [p for p in found if os.path.basename(p).startswith(("python", "pypy"))]
    named = Counter(os.path.dirname(os.path.dirname(path)) for path in pythons)
    others = [
        path
        for path, count in named.most_common()
        if count * 2 > len(pythons) or not os.path.exists(f"{path}/bin/python")
    ]
    if recorded := recorded_prefix(prefix):
        others.insert(0, recorded)
    here = {str(prefix), os.path.realpath(prefix)}
    return [path for path in dict.fromkeys(others) if path not in here]


def correct_in_place(
    prefix: Path, former: Sequence[str], *, progress: Progress = SILENT
) -> tuple[str, ...]:
    """Rewrite every file that still names a former prefix, each in one step.

    Doing it again after an interruption ends what was begun.

    Args:
        prefix: the environment.
        former: prefixes that its files may name.
        progress: advanced by files.

    Returns:
        The files that were rewritten, relative to ``prefix``.

    Raises:
        EngineFailed: a binary has no room for the longer prefix.
        DiskFull, DiskFailure, AccessDenied: a file cannot be written.
    """
    done = relocate(prefix, former, prefix, progress=progress)
    progress.phase("syncing")
    sync_tree(prefix)
    # Last, because it is what tells that the environment was moved.
    if (state := read_state(prefix)) is not None:
        write_state(prefix, dataclasses.replace(state, prefix=str(prefix)))
    return done.rewritten


def _is_script(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
