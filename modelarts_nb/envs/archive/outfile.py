"""The file an archive is written to: straight in its folder, hidden until it is whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import queue
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelarts_nb.disk.replace import write_new
from modelarts_nb.disk.sync import sync_folder
from modelarts_nb.errors import NameTaken, from_os_error

_PARTIAL = re.compile(r"\.(.+)\.([0-9a-f]{8})-(\d+)\.partial(\.json)?")
_ABANDONED = 24 * 3600  # seconds without a write after which no clock skew explains it
_PIECE = 1 << 20
_BEGIN = 32 << 20  # bytes after which the system is asked to begin writing them to the disk
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class OutFile:
    """Bytes go to a thread that hashes and writes them, so that a slow disk does not stop packing.

    Errors of the disk are raised by the next ``write`` or by ``finish``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._queue: queue.Queue[list[memoryview] | None] = queue.Queue(8)
        self._error: OSError | None = None
        self._parts: list[memoryview] = []
        self._gathered = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._thread = threading.Thread(target=self._drain, name="archive-writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Hand over bytes; blocks while eight pieces wait."""
        if self._error:
            raise self._error
        view = memoryview(data)
        while view:
            # Whole pieces, so that a network disk gets as few requests as it can.
            part = view[: _PIECE - self._gathered]
            self._parts.append(part)
            self._gathered += len(part)
            view = view[len(part) :]
            if self._gathered == _PIECE:
                self._hand_over()

    def _hand_over(self) -> None:
        self._queue.put(self._parts)
        self._parts, self._gathered = [], 0

    def finish(self) -> str:
        """Wait until every byte is on the disk; the sha256 of the file."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join()
        fd, self._fd = self._fd, -1
        try:
            if self._error:
                raise self._error
            os.fsync(fd)
        finally:
            os.close(fd)
        return self._hash.hexdigest()

    def abandon(self) -> None:
        """Stop; the caller removes the file."""
        if self._fd >= 0:
            self._queue.put(None)
            self._thread.join()
            fd, self._fd = self._fd, -1
            with contextlib.suppress(OSError):
                os.close(fd)

    def _drain(self) -> None:
        begun = 0
        while (parts := self._queue.get()) is not None:
            if self._error:
                continue  # keep emptying the queue so that the writer never blocks
            try:
                _write_all(self._fd, parts)
            except OSError as error:
                self._error = error
                continue
            for part in parts:
                self._hash.update(part)
                self.size += len(part)
            if self.size - begun >= _BEGIN:
                # So that the disk works meanwhile, and little is left to wait for at the end.
                os.posix_fadvise(self._fd, begun, self.size - begun, os.POSIX_FADV_DONTNEED)
                begun = self.size


def _write_all(fd: int, parts: list[memoryview]) -> None:
    """Write one piece, with one request where the disk takes all of it at once."""
    left = os.writev(fd, parts)
    for part in parts:
        view = part[left:]
        left = max(0, left - len(part))
        while view:
            view = view[os.write(fd, view) :]


@contextmanager
def partial(target: Path) -> Iterator[Path]:
    """A hidden name beside ``target`` to write to; whatever is left there at the end is removed.

    Raises:
        DiskFailure, AccessDenied: the folder cannot be read or written.
    """
    sweep(target.parent)
    path = target.parent / f".{target.name}.{_boot()}-{os.getpid()}.partial"
    try:
        yield path
    finally:
        for left in (path, _beside(path)):
            with contextlib.suppress(OSError):
                left.unlink()


def appear(path: Path, target: Path, beside: bytes | None = None) -> None:
    """Give the finished file its name, never over an existing one.

    Args:
        path: as ``partial`` gave it.
        target: its name.
        beside: the content of ``<target>.json``, if there is to be one. It follows the archive
            into its place; should the process be killed in between, ``sweep`` does it.

    Raises:
        NameTaken: a file of that name appeared meanwhile.
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    taken = NameTaken(f"{target} exists.", hint="Choose another file, or remove that one first.")
    try:
        if beside is not None:
            write_new(_beside(path), beside, 0o644)
        try:
            os.link(path, target)  # unlike a rename, never replaces
        except OSError as error:
            # NFS may lose the reply and refuse the repeated request, although the first one won.
            if not _is_same(path, target):
                if os.path.lexists(target):
                    raise taken from None
                if error.errno not in _NO_LINKS:
                    raise
                os.rename(path, target)
        try:
            if beside is not None:
                os.replace(_beside(path), _beside(target))
            sync_folder(target.parent)
        except OSError:
            for half in (_beside(target), target):
                with contextlib.suppress(OSError):
                    half.unlink()
            raise
    except OSError as error:
        raise from_os_error(error, f"naming {target.name}", target) from error


def _is_same(path: Path, target: Path) -> bool:
    try:
        return os.path.samefile(path, target)
    except OSError:
        return False


def sweep(folder: Path) -> list[str]:
    """Remove unfinished archives whose writer is proven dead; their names."""
    removed = []
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise from_os_error(error, "looking into the folder", folder) from error
    # What lies beside an archive comes first: it is only recognised by the partial one.
    for name in sorted(names, reverse=True):
        match = _PARTIAL.fullmatch(name)
        if match and _dead(folder / name, match[2], int(match[3])):
            path, target = folder / name, folder / match[1]
            with contextlib.suppress(OSError):
                if match[4] and _is_same(folder / name.removesuffix(".json"), target):
                    os.replace(path, _beside(target))
                else:
                    path.unlink()
                removed.append(name)
    return removed


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _dead(path: Path, boot: str, pid: int) -> bool:
    if boot == _boot() and pid != os.getpid() and not Path(f"/proc/{pid}").exists():
        return True
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED
    except OSError:
        return False


def _boot() -> str:
    """Which process table a pid belongs to: the container's own, as its namespace says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        boot, space = "unknown", ""
    return hashlib.sha256(f"{boot}{space}{os.uname().nodename}".encode()).hexdigest()[:8]
