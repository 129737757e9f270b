"""``ma keep``: files of the home that the hook puts back into a new container."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.disk.space import human_bytes
from modelarts_nb.disk.walk import walk
from modelarts_nb.errors import NotFound, UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.tool.secrets import why_secret

# Settings, not data: every one of them is read and written at each container start.
MOST_BYTES = 50_000_000
MOST_FILES = 2000

DEFAULTS = (
    ".condarc",
    ".pip/pip.conf",
    ".config/pip/pip.conf",
    ".gitconfig",
    ".config/git",
    ".bashrc",
    ".bash_aliases",
    ".inputrc",
    ".vimrc",
    ".tmux.conf",
    ".ssh/config",
    ".jupyter/lab/user-settings",
    ".ipython/profile_default/ipython_config.py",
    ".ipython/profile_default/startup",
    ".config/matplotlib/matplotlibrc",
)

# What restore writes itself; kept, it would come back older than the tool.
_OURS = (
    ".local/share/modelarts_nb",
    ".local/state/modelarts_nb",
    ".local/bin/ma",
    ".conda/condarc.d/modelarts_nb.yml",
    ".conda/environments.txt",
    ".ipython/profile_default/startup/00-modelarts_nb.py",
    ".jupyter/jupyter_server_config.d/modelarts_nb.json",
)
# Lines that restore puts into a file, its own and those of `ma ssh config`.
_BLOCKS = (
    (b"# >>> modelarts_nb >>>", b"# <<< modelarts_nb <<<"),
    (b"# >>> modelarts_nb ssh >>>", b"# <<< modelarts_nb ssh <<<"),
)


@dataclass(frozen=True)
class Kept:
    """One kept file. ``path`` is relative to the home, ``size`` in bytes; ``state`` compares the
    home's with the kept one: ``same``, ``changed`` (keep it again), ``missing`` in the home."""

    path: str
    size: int
    state: Literal["same", "changed", "missing"]


@dataclass(frozen=True)
class KeepList:
    """What is kept, and what of the usual settings is there and could be."""

    kept: tuple[Kept, ...]
    suggested: tuple[str, ...]


def list_kept(*, disk: Disk | None = None) -> KeepList:
    """What the hook will put back, and what else one would usually want.

    Raises:
        DiskFailure, AccessDenied: the owner's folder cannot be read.
    """
    disk = disk or open_disk()
    shelf = _shelf(disk)
    try:
        kept = [_compare(shelf, disk.home, path) for path in _files(shelf, "")]
    except OSError as error:
        raise from_os_error(error, "reading kept files", shelf) from error
    return KeepList(tuple(kept), tuple(defaults(disk=disk)))


def defaults(*, disk: Disk | None = None) -> list[str]:
    """The usual settings that are in the home, hold something, and are not kept yet."""
    disk = disk or open_disk()
    found = []
    for path in DEFAULTS:
        with contextlib.suppress(OSError):
            files = list(_files(disk.home, path))
            new = [file for file in files if not (_shelf(disk) / file).exists()]
            if new and not any(_secret(disk.home, file) for file in new):
                found.append(path)
    return found


def add(
    paths: Sequence[str],
    *,
    secret: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> KeepList:
    """Keep files of the home, as they are now; folders with all that is in them.

    Args:
        paths: absolute, beginning with ``~``, or relative to the current folder or the home.
        secret: keep also what looks like a secret. Whoever can read the disk can read it then.

    Raises:
        NotFound: there is no such file.
        UsageError: it is not in the home, on the disk already, too much, or looks like a secret;
            then nothing was kept.
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    disk = disk or open_disk()
    wanted: dict[str, None] = {}
    try:
        for path in paths:
            inside = _inside_home(path, disk)
            files = list(_files(disk.home, inside, progress))
            if not files:
                raise NotFound(f"There is nothing to keep at {path}.", hint="Name a file.")
            wanted.update(dict.fromkeys(files))
        _require_small(disk.home, list(wanted))
        for file in [] if secret else wanted:
            if why := _secret(disk.home, file):
                raise UsageError(
                    f"~/{file} looks like a secret: {why}. Nothing was kept.",
                    hint="Everybody who uses this disk could read it. "
                    "If it is yours alone: the same with `--secret`.",
                )
        progress.phase("copying", files=len(wanted))
        for file in wanted:
            source, target = disk.home / file, _shelf(disk) / file
            target.parent.mkdir(parents=True, exist_ok=True)
            mode = stat.S_IMODE(source.stat().st_mode)
            replace_file(target, _without_blocks(source.read_bytes()), mode)
            progress.advance(files=1)
    except OSError as error:
        raise from_os_error(error, "keeping files", disk.home) from error
    return list_kept(disk=disk)


def drop(
    paths: Sequence[str], *, disk: Disk | None = None, progress: Progress = SILENT
) -> KeepList:
    """Do not keep these any more. The files in the home stay.

    Raises:
        NotFound: one is not kept; then all are still kept.
        DiskFailure, AccessDenied: the disk refused.
    """
    disk = disk or open_disk()
    shelf = _shelf(disk)
    try:
        gone: dict[str, None] = {}
        for path in paths:
            files = list(_files(shelf, _inside_home(path, disk, must_exist=False)))
            if not files:
                raise NotFound(f"{path} is not kept.", hint="`ma keep` shows what is.")
            gone.update(dict.fromkeys(files))
        for file in gone:
            (shelf / file).unlink()
            progress.log(f"dropped ~/{file}")
            for folder in (shelf / file).parents:
                if folder == shelf or os.listdir(folder):
                    break
                folder.rmdir()
    except OSError as error:
        raise from_os_error(error, "dropping kept files", shelf) from error
    return list_kept(disk=disk)


def _shelf(disk: Disk) -> Path:
    return disk.own / "home"


def _inside_home(path: str, disk: Disk, *, must_exist: bool = True) -> str:
    given = disk.home / path[2:] if path.startswith("~/") else Path(path).expanduser()
    if not given.is_absolute():
        given = Path.cwd() / path if (Path.cwd() / path).exists() else disk.home / path
    given = Path(os.path.normpath(given))
    if given == disk.home or not given.is_relative_to(disk.home):
        raise UsageError(
            f"{path} is not a file of the home {disk.home}.", hint="Only settings there are kept."
        )
    if given.is_relative_to(disk.root):
        raise UsageError(f"{path} is on the persistent disk: it survives anyway.")
    if must_exist and not given.exists():
        raise NotFound(f"There is no file {path}.", hint="Name a file or folder of your home.")
    return str(given.relative_to(disk.home))


def _files(base: Path, inside: str, progress: Progress = SILENT) -> Iterator[str]:
    """Regular files at ``base/inside`` or below, relative to ``base``, without what is ours."""
    top = base / inside
    found = [top] if top.is_file() else []
    if top.is_dir():
        folders = sorted((Path(folder), sorted(names)) for folder, _, names in walk(top))
        found = [folder / name for folder, names in folders for name in names]
    for path in found:
        relative = str(path.relative_to(base))
        if any(relative == ours or relative.startswith(ours + "/") for ours in _OURS):
            continue
        # A link that was named itself is kept as the file it leads to.
        if path == top or stat.S_ISREG(path.lstat().st_mode):
            yield relative
        else:
            progress.log(f"~/{relative} is not a regular file, left out")


def _require_small(home: Path, files: list[str]) -> None:
    size = sum((home / file).stat().st_size for file in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise UsageError(
            f"{len(files):,} files, {human_bytes(size)}: too much to put back at every start "
            f"(at most {MOST_FILES:,} files, {human_bytes(MOST_BYTES)}).",
            hint="Keep settings here, and data on the persistent disk itself.",
        )


def _secret(home: Path, file: str) -> str | None:
    return why_secret(file, (home / file).read_bytes())


def _compare(shelf: Path, home: Path, path: str) -> Kept:
    kept = (shelf / path).read_bytes()
    try:
        same = _without_blocks((home / path).read_bytes()) == _without_blocks(kept)
        return Kept(path, len(kept), "same" if same else "changed")
    except (FileNotFoundError, NotADirectoryError):
        return Kept(path, len(kept), "missing")


def _without_blocks(data: bytes) -> bytes:
    """Without the lines that restore puts into a file: they come back by themselves."""
    for mark_begin, mark_end in _BLOCKS:
        begin, end = data.find(mark_begin), data.find(mark_end)
        if 0 <= begin <= end:
            data = data[:begin] + data[end + len(mark_end) :].removeprefix(b"\n")
    return data
