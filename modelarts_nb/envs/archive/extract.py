"""Creates the files of an archive with many requests in flight, in a folder that is ours alone."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType

from modelarts_nb.envs.archive import newfile
from modelarts_nb.envs.archive.crowd import Crowd, Work
from modelarts_nb.envs.archive.tarstream import Member
from modelarts_nb.errors import from_os_error

PIECE = 4 << 20  # bytes; smaller files are held whole and may be changed on the way
_BUDGET = 64 << 20  # bytes waiting in memory at most
_OVERHEAD = 4096  # what a waiting file costs beside its bytes
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}

Change = Callable[[str, bytes], "bytes | None"]


class Extractor:
    """Writes below ``root``, which must be new: no link is in it until ``finish`` makes them.

    So nothing is ever written through a link. Errors of workers are raised by the next call.

    Args:
        root: the folder, which exists and is empty.
        threads: files in flight.
        change: asked for every file up to 4 MiB, in a worker; the new content or None.
    """

    def __init__(self, root: Path, *, threads: int, change: Change | None = None) -> None:
        self._root = os.fspath(root)
        self._change = change
        self._crowd = Crowd(threads, _BUDGET)
        self._folders = {""}
        self._modes: dict[str, int] = {}
        self._umask = newfile.umask()
        self._open: set[int] = set()

    def __enter__(self) -> Extractor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._crowd.close(error)
        for fd in self._open:
            with contextlib.suppress(OSError):
                os.close(fd)

    def folder(self, path: str, mode: int) -> None:
        """A folder; its mode is set when everything is in it."""
        self._modes[path] = mode | 0o700
        self._submit(path, _OVERHEAD, lambda: self._ensure(path))

    def file(self, path: str, member: Member, data: Iterator[bytes]) -> None:
        """A file; ``data`` is read to its end before this returns, the disk is not waited for."""
        if member.size <= PIECE:
            content = b"".join(data)
            cost = len(content) + _OVERHEAD
            self._submit(path, cost, lambda: self._small(path, member, content))
            return
        big = _Big(self, path, member)
        offset = 0
        for piece in data:
            self._submit(
                path,
                len(piece) + _OVERHEAD,
                partial(big.write, piece, offset),
            )
            offset += len(piece)

    def remove(self, path: str) -> None:
        """Forget what an earlier member made of ``path``."""
        self.drain()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self._root, path))

    def drain(self) -> None:
        """Wait until everything so far is written."""
        self._crowd.drain()

    def finish(self, hardlinks: dict[str, str], links: dict[str, str]) -> None:
        """Make the links, when all files are there, and give folders their modes."""
        self.drain()
        for path, target in hardlinks.items():
            self._submit(path, _OVERHEAD, partial(self._hard_link, path, target))
        self.drain()
        for path, target in links.items():
            self._submit(path, _OVERHEAD, partial(self._link, path, target))
        self.drain()
        for path, mode in self._modes.items():
            if mode != 0o777 & ~self._umask:
                self._submit(path, _OVERHEAD, partial(os.chmod, self._at(path), mode))
        self.drain()

    def _at(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _submit(self, path: str, cost: int, work: Work) -> None:
        def run() -> None:
            try:
                work()
            except OSError as error:
                raise from_os_error(error, "unpacking", self._root) from error

        self._crowd.put(os.path.dirname(path), cost, run)

    def _ensure(self, path: str) -> None:
        if path in self._folders:
            return
        self._ensure(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._at(path))
        self._folders.add(path)

    def create(self, path: str, mode: int) -> int:
        """A new file, open for writing, which must go to ``close``."""
        self._ensure(os.path.dirname(path))
        fd = newfile.create(self._at(path), mode, self._umask)
        self._open.add(fd)
        return fd

    def close(self, fd: int) -> None:
        """Close a file; its delayed errors (a full network disk) are raised here."""
        self._open.discard(fd)
        os.close(fd)

    def _small(self, path: str, member: Member, content: bytes) -> None:
        if self._change is not None:
            changed = self._change(path, content)
            content = content if changed is None else changed
        fd = self.create(path, member.mode)
        newfile.write(fd, content)
        newfile.stamp(fd, member.mtime)
        self.close(fd)

    def _hard_link(self, path: str, target: str) -> None:
        self._ensure(os.path.dirname(path))
        try:
            os.link(self._at(target), self._at(path), follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copy2(self._at(target), self._at(path))

    def _link(self, path: str, target: str) -> None:
        self._ensure(os.path.dirname(path))
        os.symlink(target, self._at(path))


class _Big:
    """A file whose pieces are written in any order; the last one closes it."""

    def __init__(self, owner: Extractor, path: str, member: Member) -> None:
        self._owner, self._path, self._member = owner, path, member
        self._lock = threading.Lock()
        self._left = member.size
        self._fd = -1

    def write(self, piece: bytes, offset: int) -> None:
        with self._lock:
            if self._fd < 0:
                self._fd = self._owner.create(self._path, self._member.mode)
        newfile.write(self._fd, piece, offset)
        with self._lock:
            self._left -= len(piece)
            if not self._left:
                newfile.stamp(self._fd, self._member.mtime)
                self._owner.close(self._fd)
