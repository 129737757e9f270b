"""Landing: what was built in staging becomes visible under its name by one rename.

Two may want the same name, on two hosts. A rename onto a folder that is not empty fails, and what
is landed is never empty (it holds a token), so one of them loses. A reply that NFS lost is repeated
and then answers ENOENT or EEXIST although the first try succeeded: therefore the winner is the one
whose token is found under the name, whatever the answer was.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import random
import stat
import time
import uuid
from pathlib import Path
from typing import Protocol

from modelarts_nb.disk.sync import sync_folder, sync_tree
from modelarts_nb.errors import Busy, DiskFailure, NameTaken, from_os_error

_TOKEN = ".modelarts_nb-token"  # noqa: S105 - a file's name
_ROUNDS = 20
_AT_FDCWD, _NOREPLACE = -100, 1
_LIBC = ctypes.CDLL(None, use_errno=True)
# "Taken" as the different file systems say it.
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}


class Beating(Protocol):
    """Whoever lands must have been able to give signs of life until now."""

    def beat_ok(self) -> bool:
        """False when others may already have declared the owner dead."""


def land(stage: Beating, built: Path, target: Path) -> None:
    """Make ``built`` durable and visible as ``target``, or raise and leave no trace.

    Args:
        stage: the stage it was built in.
        built: a folder, or one file, on the same file system as ``target``.
        target: must not exist, nor anything beside it whose name differs only in case.

    Raises:
        NameTaken: somebody has the name, or was faster.
        Busy: the heartbeat failed for so long that others may have taken over.
        DiskFull, DiskFailure, AccessDenied: the disk refused; there is no ``target``.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _require_free(target)
        mark = _Mark(built)
        place = built
        try:
            sync_tree(built)
            _win(stage, built, target, mark)
            place = target
        finally:
            mark.erase(place)
    except OSError as error:
        raise from_os_error(error, f"putting {target.name} in its place", target) from error
    try:
        sync_folder(target.parent)
        sync_folder(built.parent)
    except OSError as error:
        raise DiskFailure(
            f"{target.name} is in its place, but the disk did not confirm that it is saved.",
            hint="Check it once the storage is well again.",
            cause=str(error),
        ) from error


class _Mark:
    """How what lands is recognised as ours: a token inside a folder, a file's own inode."""

    def __init__(self, built: Path) -> None:
        info = os.lstat(built)
        self._inode = (info.st_dev, info.st_ino)
        self._modes: list[tuple[Path, int]] = []
        self._inside: Path | None = None
        self._token = uuid.uuid4().hex
        if not stat.S_ISDIR(info.st_mode):
            return
        # A subfolder of conda-meta is ignored by conda, rattler and conda-pack (proved), so even
        # a token that a kill leaves behind disturbs nobody.
        ours = Path("conda-meta") / "modelarts_nb"
        self._inside = ours / "landing" if (built / ours).is_dir() else Path(_TOKEN)
        # Renaming a folder to another parent writes its "..", so it must be writable itself.
        for folder in {Path(), self._inside.parent}:
            self._open(built, folder)
        (built / self._inside).write_text(self._token, "ascii")

    def is_at(self, place: Path) -> bool:
        """Is what lies there the very thing we built?"""
        try:
            if self._inside is None:
                found = os.lstat(place)
                return (found.st_dev, found.st_ino) == self._inode
            return (place / self._inside).read_bytes() == self._token.encode()
        except (FileNotFoundError, NotADirectoryError):
            return False

    def erase(self, place: Path) -> None:
        """Remove the token and give folders their modes back; the landing is decided already."""
        if self._inside is None or not self.is_at(place):
            return
        with contextlib.suppress(OSError):
            os.unlink(place / self._inside)
        for folder, mode in self._modes:
            with contextlib.suppress(OSError):
                os.chmod(place / folder, mode)

    def _open(self, built: Path, folder: Path) -> None:
        mode = stat.S_IMODE(os.lstat(built / folder).st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(built / folder, mode | stat.S_IRWXU)
            self._modes.append((folder, mode))


def _win(stage: Beating, built: Path, target: Path, mark: _Mark) -> None:
    for _ in range(_ROUNDS):
        _require_free(target)
        if not stage.beat_ok():
            raise Busy(
                f"{target.name} was not put in place: the disk did not answer for so long that "
                "somebody else may have taken over.",
                hint="Run the same again.",
            )
        _rename(built, target, mark)
        if not _twins(target):
            return
        # Somebody landed a name that differs only in case at the same moment. Whoever sees the
        # other withdraws, so never both stay; chance decides who comes first next time.
        os.rename(target, built)
        time.sleep(random.uniform(0.02, 0.3))  # noqa: S311 - not a secret
    raise _taken(target, target.name)


def _rename(built: Path, target: Path, mark: _Mark) -> None:
    try:
        _rename_once(built, target)
    except OSError as error:
        if mark.is_at(target):
            return
        if error.errno in _TAKEN:
            raise _taken(target, target.name) from error
        if error.errno == errno.ENOENT:
            raise Busy(
                f"{target.name} was not put in place: its staging folder was taken away.",
                hint="Run the same again.",
                cause=str(error),
            ) from error
        raise
    if not mark.is_at(target):
        raise _taken(target, target.name)


def _rename_once(built: Path, target: Path) -> None:
    call = getattr(_LIBC, "renameat2", None)
    if call is not None:
        if call(_AT_FDCWD, os.fsencode(built), _AT_FDCWD, os.fsencode(target), _NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
            raise OSError(number, os.strerror(number), str(target))
    # NFS has no such flag. A folder cannot replace one that is not empty; a file could.
    if built.is_dir():
        os.rename(built, target)
    else:
        os.link(built, target)
        os.unlink(built)


def _twins(target: Path) -> list[str]:
    lowered = target.name.lower()
    return [n for n in os.listdir(target.parent) if n.lower() == lowered and n != target.name]


def _require_free(target: Path) -> None:
    lowered = target.name.lower()
    for name in os.listdir(target.parent):
        if name.lower() == lowered:
            raise _taken(target, name)


def _taken(target: Path, name: str) -> NameTaken:
    return NameTaken(
        f"There is already something called {name!r} in {target.parent}.",
        hint="Choose another name, or remove that one first.",
    )
