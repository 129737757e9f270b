"""The run root's own places: where slots are built, and who may do what now.

The kernel of the operating system lets go of a lock (flock) when its holder ends, however it ends:
on the local disk of one container that is proof enough, and nothing is left to be swept but files.

    <run root>/.new/<id>/       a slot that is being built, with the lock of its builder
    <run root>/.locks/<name>    held by who fills this environment; says how far it is
    <run root>/.locks/~run      held while slots appear and disappear
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.envs.sealed.slots import run_root
from modelarts_nb.errors import ModelArtsNbError, from_os_error
from modelarts_nb.progress import SILENT, Progress

_NEW, _LOCKS, _ALL = ".new", ".locks", "~run"
_LOCK = "lock"
_POLL = 0.05


class Turn:
    """The right to fill one environment; who waits for it hears how far it is."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def tell(self, done: int, total: int) -> None:
        """Bytes that are done, and of how many."""
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, b"%20d %20d" % (done, total), 0)


@contextlib.contextmanager
def turn(disk: Disk, name: str, progress: Progress = SILENT) -> Iterator[Turn]:
    """Wait until nobody else in this container fills ``name``, showing how far that is.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be used.
        Cancelled: the user's wish.
    """
    with _locked(_locks(disk) / name, progress) as fd:
        try:
            os.ftruncate(fd, 0)
        except OSError as error:
            raise from_os_error(error, f"filling {name}", disk.run) from error
        yield Turn(fd)


@contextlib.contextmanager
def alone(disk: Disk) -> Iterator[None]:
    """While this lasts no slot appears or disappears by others; for moments.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be used.
    """
    with _locked(_locks(disk) / _ALL, SILENT):
        yield


@contextlib.contextmanager
def workplace(disk: Disk) -> Iterator[Path]:
    """A new folder in the run root to build in, removed on leaving with what is still in it.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be used.
    """
    folder = run_root(disk) / _NEW / uuid.uuid4().hex[:12]
    try:
        # With the lock first, so that nobody takes it for a dead one's.
        with alone(disk):
            folder.mkdir(parents=True)
            fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError as error:
        raise from_os_error(error, "making a place to fill", folder) from error
    try:
        yield folder
    finally:
        _release(fd)
        with contextlib.suppress(ModelArtsNbError):
            remove_tree(folder)


def sweep(disk: Disk) -> list[str]:
    """Remove what killed processes were building; the ids of it.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be used.
    """
    root = run_root(disk) / _NEW
    try:
        with alone(disk):
            dead = [folder for folder in root.iterdir() if _is_dead(folder)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "looking for what was left half-filled", root) from error
    for folder in dead:
        with contextlib.suppress(ModelArtsNbError):
            remove_tree(folder)
    return [folder.name for folder in dead]


def _is_dead(folder: Path) -> bool:
    try:
        fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # half removed: it is made together with its lock
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _locks(disk: Disk) -> Path:
    folder = run_root(disk) / _LOCKS
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "making the run root", folder) from error
    return folder


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise from_os_error(error, f"locking {path.name}", path) from error
    try:
        shown = None
        while not _take(fd, path):
            progress.check()
            shown = _show(fd, shown, progress)
            time.sleep(_POLL)
        yield fd
    finally:
        _release(fd)


def _release(fd: int) -> None:
    """Let go of a lock; nothing of value is in its file, whatever the disk says about it."""
    with contextlib.suppress(OSError):
        os.close(fd)


def _take(fd: int, path: Path) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise from_os_error(error, f"locking {path.name}", path) from error
    return True


def _show(fd: int, shown: int | None, progress: Progress) -> int:
    """Pass on how far the holder is; what was passed on so far."""
    if shown is None:
        progress.log("somebody else is filling it already: waiting for that")
    try:
        done, total = map(int, os.pread(fd, 64, 0).split())
    except (OSError, ValueError):
        return shown or 0
    if not shown:
        progress.phase("filling", bytes=total)
    progress.advance(bytes=max(0, done - (shown or 0)))
    return max(done, shown or 0)
