"""What is still to be done after an environment has landed, or gone, should the process be killed.

An environment changes in one step; its kernel, conda's list and what it takes the place of follow
in further ones. A note, written before the first and deleted after the last, says what they are;
``finishing`` does what a killed process left.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.process import Process, this_process
from modelarts_nb.disk.replace import write_new
from modelarts_nb.envs.state import STATE
from modelarts_nb.errors import Busy, NameTaken, from_os_error

_MARK = Path(STATE).parent / "unfinished"
_OLD = 3600.0  # seconds


@dataclass(frozen=True)
class Note:
    """One note.

    ``name`` is the environment that lands or goes; ``kernel`` whether it is to have one once it
    has landed; ``former`` the environment, and ``entry`` the bin's entry, that go once it has.
    ``id`` is also written into what lands, so that nothing else of that name is taken for it.
    Whoever fails at something that is no error of the whole adds it to ``failures``.
    """

    id: str
    name: str
    kernel: bool
    former: str
    entry: str
    process: Process
    failures: list[str] = field(default_factory=list, compare=False)

    def mark(self, content: Path) -> None:
        """Mark what is about to land.

        Raises:
            DiskFull, DiskFailure, AccessDenied: the disk refused.
        """
        try:
            (content / _MARK).parent.mkdir(parents=True, exist_ok=True)
            (content / _MARK).write_text(self.id, "ascii")
        except OSError as error:
            raise from_os_error(error, f"marking {self.name}", content) from error

    def is_at(self, prefix: Path) -> bool:
        """Is this what was marked?"""
        try:
            return (prefix / _MARK).read_text("ascii") == self.id
        except (OSError, ValueError):
            return False

    def unmark(self, prefix: Path) -> None:
        """All is done."""
        with contextlib.suppress(OSError):
            if self.is_at(prefix):
                os.unlink(prefix / _MARK)

    def file(self, disk: Disk) -> Path:
        """Where the note is: with the owner's things, as kernels are."""
        return folder(disk) / f"{self.id}.json"


@contextlib.contextmanager
def unfinished(
    disk: Disk, name: str, *, kernel: bool, former: str = "", entry: str = ""
) -> Iterator[Note]:
    """Keep a note about ``name`` while the block runs, and longer if not all of it worked out after
    the landing.

    Args: those of ``Note``.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the note cannot be written; nothing was begun.
    """
    note = Note(uuid.uuid4().hex, name, kernel, former, entry, this_process())
    file, prefix = note.file(disk), disk.envs / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "making a folder for notes", file.parent) from error
    try:
        write_new(file, json.dumps(asdict(note)).encode(), 0o644)
    except OSError as error:
        _forget(file)
        raise from_os_error(error, f"noting that {name} is made", file) from error
    try:
        yield note
    except BaseException as error:
        if not (_may_be_at(note, prefix) or _may_be_sealed(note, disk, error)):
            _forget(file)
        raise
    if not note.failures:
        note.unmark(prefix)
        _forget(file)


def _may_be_at(note: Note, prefix: Path) -> bool:
    """False only when it surely has not landed: the disk may just not be able to say so."""
    try:
        return (prefix / _MARK).read_bytes() == note.id.encode()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _may_be_sealed(note: Note, disk: Disk, error: BaseException) -> bool:
    """Sealed ones have no mark: one that is there is ours, unless the error says whose it is."""
    if isinstance(error, (NameTaken, Busy)):
        return False
    try:
        os.lstat(disk.sealed / note.name)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def notes(disk: Disk) -> list[Note]:
    """The notes of this owner."""
    try:
        names = sorted(os.listdir(folder(disk)))
    except OSError:
        return []
    found = []
    for name in names:
        try:
            found.append(_read(folder(disk) / name))
        except OSError:
            continue
        except (ValueError, KeyError, TypeError, AttributeError):
            # Killed while it was written, so before anything was begun; or it is being written.
            if _is_old(folder(disk) / name):
                _forget(folder(disk) / name)
    return found


def _read(file: Path) -> Note:
    value: dict[str, Any] = json.loads(file.read_bytes())
    name, former, entry = (str(value[key]) for key in ("name", "former", "entry"))
    # A note on a shared disk is text that anybody can write: names only, no paths.
    if any("/" in text or text in (".", "..") for text in (name, former, entry)) or not name:
        raise ValueError(f"{file} names a path")
    process = Process.from_dict(value["process"])
    return Note(
        file.name.removesuffix(".json"), name, value["kernel"] is True, former, entry, process
    )


def folder(disk: Disk) -> Path:
    """Where the notes of this owner lie."""
    return disk.own / "unfinished"


def _is_old(file: Path) -> bool:
    """Surely nobody writes it any more, whatever the clocks of two hosts say."""
    with contextlib.suppress(OSError):
        return time.time() - file.stat().st_mtime > _OLD
    return False


def _forget(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
