"""A tar stream of somebody who is not trusted, written below one folder and nowhere else."""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from pathlib import Path
from typing import IO

from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.shell.errors import TransferFailed, TransferHostile

_PIECE = 1 << 18
_TWO_THINGS = (FileExistsError, NotADirectoryError, IsADirectoryError)


def unpack(stream: IO[bytes], folder: Path, progress: Progress = SILENT) -> Path:
    """Write what a tar stream holds, which must be one file or one folder.

    Links are made last, so that nothing is ever written through one; those that lead outside are
    left out, as are pipes, sockets and devices. Both are logged.

    Args:
        stream: read to its end.
        folder: empty, and nobody else's.

    Returns:
        What was written: the one entry of ``folder``.

    Raises:
        TransferHostile: a member would lie outside, twice, or under another that is no folder.
        TransferFailed: it is no tar stream, cut off or empty.
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE) as tar:
            made = _Unpacking(tar, folder, progress).run()
        while stream.read(_PIECE):
            pass  # what fills up the last record; the sender must not find the pipe closed
        return made
    except tarfile.TarError as error:
        raise TransferFailed(
            "What came from the container is no tar stream.", cause=str(error)
        ) from error
    except OSError as error:
        raise from_os_error(error, "writing the copy", folder) from error


class _Unpacking:
    def __init__(self, tar: tarfile.TarFile, folder: Path, progress: Progress) -> None:
        self._tar, self._folder, self._progress = tar, folder, progress
        self._top = ""
        self._files: set[str] = set()
        self._links: list[tuple[str, str]] = []
        self._times: list[tuple[Path, float]] = []

    def run(self) -> Path:
        for member in self._tar:
            self._progress.check()
            self._take(member, self._checked(member.name))
        for name, leads in self._links:
            self._link(name, leads)
        for path, seconds in reversed(self._times):
            os.utime(path, (seconds, seconds))
        if not self._top or not os.path.lexists(self._folder / self._top):
            raise TransferFailed("Nothing came from the container.")
        return self._folder / self._top

    def _checked(self, given: str) -> str:
        """The name below the folder; refuses whatever leads elsewhere."""
        name = posixpath.normpath(given)
        first = name.split("/", 1)[0]
        outside = name.startswith("/") or first in ("", ".", "..") or "\0" in name
        if outside or (self._top and first != self._top):
            raise TransferHostile(
                f"The container sent a path outside of what was asked for: {given[:200]!r}.",
                hint="Nothing was kept. Do not trust what runs in it.",
            )
        self._top = first
        return name

    def _take(self, member: tarfile.TarInfo, name: str) -> None:
        path = self._folder / name
        try:
            if member.isdir():
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.chmod(member.mode & 0o755 | 0o700)
                self._times.append((path, member.mtime))
            elif member.isreg():
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                self._write(member, path)
                self._files.add(name)
            elif member.islnk():
                leads = self._checked(member.linkname)
                if leads not in self._files:
                    raise TransferHostile(f"A hard link to what was not sent: {name[:200]!r}.")
                os.link(self._folder / leads, path)
                self._files.add(name)
            elif member.issym():
                self._links.append((name, member.linkname))
            else:
                self._progress.log(f"left out: {name} is no file, folder or link")
        except _TWO_THINGS as error:
            raise _two_things(name, error) from error

    def _write(self, member: tarfile.TarInfo, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        source = self._tar.extractfile(member)
        assert source is not None
        with open(os.open(path, flags, 0o600), "wb") as file:
            shutil.copyfileobj(source, file, _PIECE)
            if file.tell() != member.size:
                raise TransferFailed(f"{path.name} was cut off.")
        path.chmod(member.mode & 0o755 | 0o600)
        os.utime(path, (member.mtime, member.mtime))

    def _link(self, name: str, leads: str) -> None:
        end = posixpath.normpath(posixpath.join(posixpath.dirname(name), leads))
        if not leads or leads.startswith("/") or end.split("/", 1)[0] != self._top:
            self._progress.log(f"left out: {name} is a link that leads outside, to {leads}")
            return
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            path.symlink_to(leads)
        except _TWO_THINGS as error:
            raise _two_things(name, error) from error


def _two_things(name: str, error: OSError) -> TransferHostile:
    return TransferHostile(
        f"The container sent two things in one place: {name[:200]!r}.",
        hint="Nothing was kept.",
        cause=str(error),
    )
