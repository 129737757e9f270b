"""Copying one file or link of a tree, with everything that belongs to it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from modelarts_nb.disk.bytescopy import BytesCopy, write_at
from modelarts_nb.disk.scan import Entry, entry_of
from modelarts_nb.errors import Busy, from_os_error
from modelarts_nb.progress import Progress

NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS}
_ANOTHER_KIND = {errno.ENOENT, errno.ELOOP, errno.ENXIO}  # gone, a link now, a socket now
_NO_LINK_TIMES = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

Content = Callable[[Entry, int], "bytes | None"]
Retarget = Callable[[Entry], "str | None"]


@dataclass(frozen=True)
class FileCopy:
    """Copies single entries from one root to another; used by many threads at once.

    The arguments are those of ``copy_tree``; the roots are strings, because of each file a path is
    made several times.
    """

    root: str
    target: str
    content: Content | None
    asks: Callable[[Entry], bool] | None
    retarget: Retarget | None
    times: Callable[[Entry], bool] | None
    link: Callable[[Entry], bool] | None
    progress: Progress
    refused: list[str] = field(default_factory=list)
    # The mode that a new file gets depends on umask and the folder's ACL: asked once for each.
    _made: dict[tuple[str, int], int] = field(default_factory=dict)

    def share(self, entry: Entry) -> bool:
        """Make a regular file a hard link to the source's; False when it is to be copied.

        Nobody is told of its bytes.

        Raises:
            DiskFull, DiskFailure, AccessDenied: it cannot be read, or the link not be made.
        """
        if self.link is None or not self.link(entry):
            return False
        if self._asked(entry) and self._differs(entry):
            return False
        try:
            os.link(self._from(entry), self.to(entry), follow_symlinks=False)
        except OSError as error:
            if error.errno in NO_LINK:
                self.refused.append(entry.path)
                return False
            raise from_os_error(error, f"linking {entry.path}", self.to(entry)) from error
        return True

    def file(self, entry: Entry, bytes_copy: BytesCopy) -> None:
        """Copy a regular file; once more when it changed meanwhile.

        Raises:
            Busy: it changed again.
            DiskFull, DiskFailure, AccessDenied: it cannot be read or written.
        """
        asked = self._asked(entry)
        for _ in range(2):
            if self._once(entry, bytes_copy, asked=asked):
                return
            with typed(f"copying {entry.path}", self.to(entry)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.to(entry))
                entry = self._look_again(entry)
        raise _changed(entry)

    def symlink(self, entry: Entry) -> None:
        """Copy a symbolic link.

        Raises:
            DiskFull, DiskFailure, AccessDenied: it cannot be made.
        """
        says = (self.retarget(entry) if self.retarget else None) or entry.target or ""
        with typed(f"linking {entry.path}", self.to(entry)):
            os.symlink(says, self.to(entry))
            try:
                times = (entry.mtime_ns, entry.mtime_ns)
                os.utime(self.to(entry), ns=times, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINK_TIMES:
                    raise

    def to(self, entry: Entry) -> str:
        """Where an entry is copied to."""
        return f"{self.target}/{entry.path}"

    def _from(self, entry: Entry) -> str:
        return f"{self.root}/{entry.path}"

    def _asked(self, entry: Entry) -> bool:
        return self.content is not None and (self.asks is None or self.asks(entry))

    def _differs(self, entry: Entry) -> bool:
        """Must the content be another one, or is it not what was scanned?"""
        path = self._from(entry)
        try:
            source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _ANOTHER_KIND:
                return True
            raise from_os_error(error, f"reading {entry.path}", path) from error
        try:
            with typed(f"reading {entry.path}", path):
                new = self.content(entry, source) if self.content else None
                return new is not None or not _same(entry, os.fstat(source))
        finally:
            os.close(source)

    def _once(self, entry: Entry, bytes_copy: BytesCopy, *, asked: bool) -> bool:
        """Copy; False when the source is not, or no longer, what the entry says."""
        path = self._from(entry)
        try:
            source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in _ANOTHER_KIND:
                return False
            raise from_os_error(error, f"reading {entry.path}", path) from error
        try:
            with typed(f"copying {entry.path}", self.to(entry)):
                info = os.fstat(source)
                if not _same(entry, info):
                    return False
                data = self.content(entry, source) if asked and self.content else None
                self._write(entry, source, info, data, bytes_copy)
                return _same(entry, os.fstat(source))
        finally:
            os.close(source)

    def _write(
        self,
        entry: Entry,
        source: int,
        info: os.stat_result,
        data: bytes | None,
        bytes_copy: BytesCopy,
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(self.to(entry), flags, entry.mode & 0o777)
        try:
            kind = entry.path.rpartition("/")[0], entry.mode
            if (made := self._made.get(kind)) is None:
                # Before writing: now the answer is cached, afterwards it costs a round trip.
                made = self._made[kind] = stat.S_IMODE(os.fstat(target).st_mode)
            if data is None:
                bytes_copy.copy(source, target, info)
            else:
                write_at(target, data)
                self.progress.advance(bytes=entry.size)
            if made != entry.mode:
                os.fchmod(target, entry.mode)  # umask, or a set-id bit that writing would clear
            if self.times is None or self.times(entry):
                os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(target)
            raise
        os.close(target)  # network disks report late write errors here

    def _look_again(self, entry: Entry) -> Entry:
        full = self._from(entry)
        try:
            found = entry_of(entry.path, full, os.lstat(full))
        except FileNotFoundError:
            found = None
        if found is None or found.kind != "file":
            raise _changed(entry)
        return found


@contextlib.contextmanager
def typed(doing: str, path: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into the error a user understands."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing, path) from error


def _same(entry: Entry, info: os.stat_result) -> bool:
    return (entry.size, entry.mtime_ns) == (info.st_size, info.st_mtime_ns)


def _changed(entry: Entry) -> Busy:
    return Busy(
        f"{entry.path} was changed while it was copied.",
        hint="Wait until nothing installs into or writes to the source, then run the same again.",
    )
