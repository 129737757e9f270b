"""Environments that somebody moved by hand (``mv``, an unpacked tar): find out and correct."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.relocate import leftovers, moved, rewrite
from modelarts_nb.envs.shebangs import interpreter_of
from modelarts_nb.errors import from_os_error
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
        Python in ``bin``), so a former prefix must be named by most scripts.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(prefix / "bin") if _is_script(entry))
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
    here = {str(prefix), os.path.realpath(prefix)}
    others = [(path, count) for path, count in named.most_common() if path not in here]
    return [path for path, count in others if count * 2 > len(pythons)]


def correct_in_place(
    prefix: Path, former: Sequence[str], *, progress: Progress = SILENT
) -> list[str]:
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
    files = leftovers(prefix, former)
    progress.phase("rewriting", files=len(files))
    for name in files:
        progress.check()
        path = prefix / name
        try:
            if path.is_symlink():
                _correct_link(path, former, str(prefix))
            else:
                _correct_file(path, former, str(prefix), name)
        except OSError as error:
            raise from_os_error(error, f"rewriting {name}", path) from error
        progress.advance(files=1)
    return files


def _correct_file(path: Path, former: Sequence[str], new: str, name: str) -> None:
    before = path.stat()
    content = rewrite(path.read_bytes(), former, new, path=name)
    if content is not None:
        replace_file(path, content, before.st_mode & 0o7777)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _correct_link(path: Path, former: Sequence[str], new: str) -> None:
    target = moved(os.readlink(path), former, new)
    if target is not None:
        staged = path.with_name(f".{path.name}.moved")
        staged.unlink(missing_ok=True)
        staged.symlink_to(target)
        staged.replace(path)


def _is_script(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
