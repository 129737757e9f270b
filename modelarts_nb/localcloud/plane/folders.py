"""The folders of one notebook, and the marker that says they are ours to empty.

::

    <state>/notebooks/<id>/
        .modelarts-nb-local-cloud.json   the marker: which local cloud, which notebook
        home/                            /home/ma-user: emptied at every start
        tmp/                             /tmp: emptied at every start
        disk/                            /home/ma-user/work: survives (unless the disk is a share)
        data/                            /data: a link per mounted storage
        logs/                            what hooks said
        trash/                           a former home while it is being deleted

The marker lies beside the home, not in it: what a user deletes at home must not make the home
impossible to empty.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from modelarts_nb.localcloud.plane.erase import erase_contents
from modelarts_nb.localcloud.plane.errors import Refused
from modelarts_nb.localcloud.plane.mountpoints import mounted_below

MARKER = ".modelarts-nb-local-cloud.json"
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Folders:
    """Where a notebook lives.

    Args:
        state: the state folder of the local cloud, an absolute path.
        cloud: the local cloud's own identity; folders of another one are not touched.
        notebook: the notebook's id.
        shared_disk: the persistent disk when it is a share and not a folder of the notebook's own.

    Raises:
        Refused: the id cannot be a folder's name.
    """

    # The folder in ``state`` that these are in.
    KIND: ClassVar[str] = "notebooks"

    state: Path
    cloud: str
    notebook: str
    shared_disk: Path | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.notebook):
            raise Refused(f"{self.notebook!r} cannot be the id of a notebook.")

    @property
    def root(self) -> Path:
        return self.state / self.KIND / self.notebook

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def disk(self) -> Path:
        return self.shared_disk or self.root / "disk"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def places(self) -> dict[str, Path]:
        """Paths of the container and where they are on this machine, the longest first."""
        return {
            "/home/ma-user/work": self.disk,
            "/home/ma-user": self.home,
            "/data": self.data,
        }

    def create(self) -> None:
        """Make the folders of a new notebook; what is there already stays as it is.

        Raises:
            Refused: the folder is there and is not this notebook's.
        """
        self.root.parent.mkdir(mode=0o700, exist_ok=True)
        # An existing one is never adopted. A new one is not seen before it has its marker: without
        # it nobody could ever empty it.
        if not os.path.lexists(self.root):
            fresh = self.root.parent / f".{uuid.uuid4().hex}"
            fresh.mkdir(mode=0o700)
            text = json.dumps({"cloud": self.cloud, "notebook": self.notebook}) + "\n"
            (fresh / MARKER).write_text(text, "utf-8")
            os.rename(fresh, self.root)
        with self._opened() as root:
            for name in ("home", "tmp", "disk", "data", "logs", "trash"):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=root)

    def wipe(self) -> None:
        """Give the notebook an empty home and an empty ``tmp``; the disk and ``data`` stay.

        The former home is moved aside in one step, then deleted.

        Raises:
            Refused: no marker of this notebook, a link in place of a folder above the home, or
                something mounted in the home. Nothing was deleted.
            OSError: the disk failed.
        """
        with self._opened() as root:
            self._refuse_mounts()
            with contextlib.suppress(FileExistsError):
                os.mkdir("trash", 0o700, dir_fd=root)
            trash = os.open("trash", _FOLDER, dir_fd=root)
            try:
                for name in ("home", "tmp"):
                    with contextlib.suppress(FileNotFoundError):
                        os.rename(name, uuid.uuid4().hex, src_dir_fd=root, dst_dir_fd=trash)
                    os.mkdir(name, 0o700, dir_fd=root)
                erase_contents(trash)
            finally:
                os.close(trash)

    def remove(self) -> None:
        """Delete the notebook with everything it has, its own disk too; a shared disk stays.

        Raises:
            Refused: as ``wipe``.
            OSError: the disk failed.
        """
        # What a removal that was killed at its end has left; it must be empty.
        with contextlib.suppress(OSError):
            os.rmdir(self.root)
        try:
            with self._opened() as root:
                self._refuse_mounts()
                # The marker goes last: what a kill leaves behind is still known as ours.
                doomed = [name for name in os.listdir(root) if name not in (MARKER, "doomed")]
                with contextlib.suppress(FileExistsError):
                    os.mkdir("doomed", 0o700, dir_fd=root)
                inner = os.open("doomed", _FOLDER, dir_fd=root)
                try:
                    for name in doomed:
                        os.rename(name, uuid.uuid4().hex, src_dir_fd=root, dst_dir_fd=inner)
                    erase_contents(inner)
                finally:
                    os.close(inner)
                os.rmdir("doomed", dir_fd=root)
                os.unlink(MARKER, dir_fd=root)
        except FileNotFoundError:
            return
        os.rmdir(self.root)

    def _refuse_mounts(self) -> None:
        if found := mounted_below(self.root):
            raise Refused(f"{found[0]} is a mount point inside the notebook; unmount it first.")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The notebook's folder, reached without following a link, its marker verified."""
        with contextlib.ExitStack() as stack:
            at = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, at)
            for name in (self.KIND, self.notebook):
                try:
                    at = os.open(name, _FOLDER, dir_fd=at)
                except NotADirectoryError as error:
                    raise Refused(f"{name!r} is a link or a file, not a folder of ours.") from error
                stack.callback(os.close, at)
            self._verify(at)
            yield at

    def _verify(self, root: int) -> None:
        try:
            fd = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
            with open(fd, encoding="utf-8") as file:
                marker = json.loads(file.read(4096))
        except (OSError, ValueError) as error:
            raise Refused(f"{self.root} has no marker of the local cloud.") from error
        if marker != {"cloud": self.cloud, "notebook": self.notebook}:
            raise Refused(f"{self.root} is marked as somebody else's.")
