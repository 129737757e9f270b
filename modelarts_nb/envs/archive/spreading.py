"""Which bytes of which frame go to which file: the jobs of ``filling``, made from an index."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from modelarts_nb.envs.archive import newfile
from modelarts_nb.envs.archive.digest import sha256_of
from modelarts_nb.envs.archive.filling import Fill, Patch, Piece
from modelarts_nb.envs.archive.index import Index
from modelarts_nb.envs.archive.tarstream import Placed
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import Progress


def fills(
    index: Index,
    wanted: Sequence[tuple[str, Placed]],
    cut: list[tuple[str, Placed]],
    *,
    archive: int = 0,
    text: int = 0,
    places: Iterable[int] = (),
) -> Iterator[Fill]:
    """What of each frame goes where; frames of which nothing is wanted are left out.

    Args:
        index: of the archive.
        wanted: path and place of each file, in the order of their places.
        cut: gets the files that lie in several frames, which somebody must ``finish``.
        archive: which of the archives of the ``Filling`` it is.
        text: bytes of the ``Filling``'s placeholder, where it has one.
        places: where in the tar it stands, in order.
    """
    files = iter(wanted)
    current = next(files, None)
    patched = _Patches(places, text)
    for frame in index.frames:
        pieces = []
        end = frame.start + frame.plain
        while current is not None and current[1].at <= end:
            path, placed = current
            member = placed.member
            start = max(placed.at, frame.start)
            size = min(placed.at + member.size, end) - start
            whole = size == member.size
            if size or whole:
                offset = start - placed.at
                pieces.append(
                    Piece(path, start - frame.start, size, offset, whole, member.mode, member.mtime)
                )
            if placed.at + member.size > end:
                break  # it goes on in the next frame
            if not whole:
                cut.append(current)
            current = next(files, None)
        patches = patched.within(frame.start, end)
        if pieces:
            yield Fill(frame, tuple(pieces), archive, patches)


def finish(root: Path, path: str, placed: Placed) -> None:
    """Mode and time of a file that lay in several frames, when all its parts are written.

    Raises:
        OSError: the disk refused.
    """
    newfile.finish(os.path.join(root, path), placed.member.mode, placed.member.mtime)


class _Patches:
    """Places of the placeholder, taken frame by frame; one may begin in a frame and end in the
    next."""

    def __init__(self, places: Iterable[int], text: int) -> None:
        self._places = iter(places)
        self._text = text
        self._next = next(self._places, None)

    def within(self, start: int, end: int) -> tuple[Patch, ...]:
        found = []
        while self._next is not None and self._next < end:
            at = self._next
            first, last = max(at, start), min(at + self._text, end)
            if first < last:
                found.append(Patch(first - start, first - at, last - at))
            if at + self._text > end:
                break
            self._next = next(self._places, None)
        return tuple(found)


class Digest:
    """The sha256 of a file, made by a thread beside other work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sha256 = ""
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._read, name="archive-hash", daemon=True)
        self._thread.start()

    def result(self, progress: Progress) -> str:
        """Wait for it.

        Raises:
            DiskFailure, AccessDenied: the file cannot be read.
            Cancelled: the user's wish.
        """
        while self._thread.is_alive():
            progress.check()
            self._thread.join(0.1)
        if self._error:
            raise from_os_error(self._error, f"reading {self._path.name}", self._path)
        return self._sha256

    def _read(self) -> None:
        try:
            self._sha256 = sha256_of(self._path)
        except OSError as error:
            self._error = error
