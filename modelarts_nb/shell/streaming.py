"""What joins a copy's loop, which must not wait, and the thread that reads or writes files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.errors import ModelArtsNbError, from_os_error
from modelarts_nb.progress import Progress
from modelarts_nb.shell.errors import TransferFailed

_SIZE = "ma-size "


class Counted:
    """Counts what goes over the wire, and hears how much there is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.bytes = 0
        self.stream: IO[bytes] | None = None
        self._header: bytes | None = b""

    def write(self, data: bytes) -> int:
        """As a file's: through to ``stream``."""
        assert self.stream is not None
        self.stream.write(data)
        self.add(len(data))
        return len(data)

    def add(self, size: int) -> None:
        """So much more went by."""
        self.bytes += size
        self._progress.advance(bytes=size)

    def header(self, data: bytes) -> bytes:
        """What stderr says besides the first line, which tells the size in kB."""
        if self._header is None:
            return data
        first, newline, rest = (self._header + data).partition(b"\n")
        if not newline:
            self._header = first
            return b""
        self._header = None
        text = first.decode("ascii", "replace")
        if not text.startswith(_SIZE):
            return first + newline + rest
        if text[len(_SIZE) :].isdigit():
            self._progress.phase("copying", bytes=int(text[len(_SIZE) :]) * 1024)
            self._progress.advance(bytes=self.bytes)
        return rest


class Pipe:
    """Joins the loop, which must not wait, and a thread that does."""

    def __enter__(self) -> Pipe:
        self.read, self.write = os.pipe()
        self._open = {self.read, self.write}
        return self

    def __exit__(self, *_: object) -> None:
        for fd in list(self._open):
            self._close(fd)

    def reading(self) -> IO[bytes]:
        """The thread's end; it closes it."""
        self._open.discard(self.read)
        return os.fdopen(self.read, "rb", buffering=1 << 18)

    def writing(self) -> IO[bytes]:
        """The thread's end; it closes it."""
        self._open.discard(self.write)
        return os.fdopen(self.write, "wb", buffering=0)

    def end_reading(self) -> None:
        self._close(self.read)

    def end_writing(self) -> None:
        self._close(self.write)

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.discard(fd)
            os.close(fd)


class Worker:
    """A thread, and what became of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._made: object = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="copy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def result(self) -> Path:
        """What it made.

        Raises:
            ModelArtsNbError: what kept it from that.
        """
        self._thread.join()
        if isinstance(self._error, ModelArtsNbError):
            raise self._error
        if isinstance(self._error, BrokenPipeError):
            return Path()  # the other side reads no more, and says why
        if isinstance(self._error, OSError):
            raise from_os_error(self._error, "copying") from self._error
        if self._error is not None:
            raise TransferFailed("The copy failed.", cause=str(self._error)) from self._error
        return self._made if isinstance(self._made, Path) else Path()

    def _run(self) -> None:
        try:
            self._made = self._work()
        except BaseException as error:
            self._error = error


class Staged:
    """A folder that is gone afterwards."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        try:
            self._path.mkdir(mode=0o700)
        except OSError as error:
            raise from_os_error(error, f"making {self._path}", self._path) from error

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ModelArtsNbError):
            remove_tree(self._path)
