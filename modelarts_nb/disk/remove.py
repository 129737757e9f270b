"""Deleting a tree with many requests in flight."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from modelarts_nb.disk.crew import Crew
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress

_BATCH = 32
_TRIES = 4
_Result = TypeVar("_Result")


def remove_tree(path: Path, progress: Progress = SILENT, *, threads: int = 32) -> None:
    """Delete ``path`` and everything below; links are removed, never followed.

    What is gone already is fine (two may delete at once), read-only folders are opened first.
    ``.nfs*`` files, which the NFS client keeps while somebody has them open, stay with their
    folder; they are logged.

    Raises:
        DiskFailure, AccessDenied: what could not be deleted; the rest may be gone.
        Cancelled: likewise.
    """
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise from_os_error(error, f"removing {path.name}", path) from error
    progress.phase("removing")
    _Removal(Crew(threads=threads, progress=progress), progress).run(os.fspath(path))


def is_silly(name: str) -> bool:
    """Is it a file that the NFS client renamed because it was deleted while open?"""
    return name.startswith(".nfs") and len(name) > 4


class _Folder:
    """A folder that is removed when the last thing in it is."""

    def __init__(self, path: str, parent: _Folder | None) -> None:
        self.path = path
        self.parent = parent
        self.left = 0
        self.tries = 0
        self.keeps_silly = False
        self.lock = threading.Lock()


class _Removal:
    def __init__(self, crew: Crew, progress: Progress) -> None:
        self._crew = crew
        self._progress = progress

    def run(self, root: str) -> None:
        top = _Folder(root, None)
        self._crew.put(lambda: self._list(top))
        self._crew.run()

    def _list(self, folder: _Folder) -> None:
        try:
            files, folders = _opened(folder.path, lambda: _entries(folder.path))
        except OSError as error:
            name = os.path.basename(folder.path)
            raise from_os_error(error, f"removing {name}", folder.path) from error
        batches = [files[i : i + _BATCH] for i in range(0, len(files), _BATCH)]
        folder.left = len(batches) + len(folders) + 1
        for name in folders:
            child = _Folder(os.path.join(folder.path, name), folder)
            self._crew.put(lambda child=child: self._list(child))  # type: ignore[misc]
        for batch in batches:
            self._crew.put(lambda batch=batch: self._unlink(folder, batch))  # type: ignore[misc]
        self._done(folder)

    def _unlink(self, folder: _Folder, names: list[str]) -> None:
        for name in names:
            self._crew.check()
            path = os.path.join(folder.path, name)
            try:
                _opened(folder.path, lambda path=path: _gone_is_fine(os.unlink, path))  # type: ignore[misc]
            except OSError as error:
                if not (is_silly(name) and error.errno == errno.EBUSY):
                    raise from_os_error(error, f"removing {name}", path) from error
                folder.keeps_silly = True
                self._progress.log(f"left {path}: another program has it open")
        self._progress.advance(files=len(names))
        self._done(folder)

    def _done(self, folder: _Folder) -> None:
        with folder.lock:
            folder.left -= 1
            if folder.left:
                return
        if not folder.keeps_silly and not self._rmdir(folder):
            return
        if folder.parent is not None:
            folder.parent.keeps_silly |= folder.keeps_silly
            self._done(folder.parent)

    def _rmdir(self, folder: _Folder) -> bool:
        """True when the folder is gone; False when it is listed once more."""
        outer = os.path.dirname(folder.path)
        try:
            _opened(outer, lambda: _gone_is_fine(os.rmdir, folder.path))
        except OSError as error:
            folder.tries += 1
            refilled = error.errno in (errno.ENOTEMPTY, errno.EEXIST)
            if refilled and folder.tries < _TRIES:
                self._crew.put(lambda: self._list(folder))
                return False
            name = os.path.basename(folder.path)
            raise from_os_error(error, f"removing {name}", folder.path) from error
        return True


def _entries(path: str) -> tuple[list[str], list[str]]:
    files: list[str] = []
    folders: list[str] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(path) as found:
        for entry in found:
            is_folder = entry.is_dir(follow_symlinks=False)
            (folders if is_folder else files).append(entry.name)
    return files, folders


def _gone_is_fine(call: Callable[[str], None], path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        call(path)


def _opened(folder: str, act: Callable[[], _Result]) -> _Result:
    """Act in a folder; when it forbids that and is ours, give ourselves the right, then act."""
    try:
        try:
            return act()
        except PermissionError:
            mode = stat.S_IMODE(os.lstat(folder).st_mode)
            os.chmod(folder, mode | stat.S_IRWXU)
            return act()
    except PermissionError as error:
        raise from_os_error(error, f"removing what is in {folder}", folder) from error
