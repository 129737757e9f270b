"""The state folder: where it is, that it is ours, that one process has it, and wiping it.

A folder is ours when it carries the marker. Nothing is ever written to or removed from a folder
that has other things in it and no marker.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.plane.erase import erase_contents
from modelarts_nb.localcloud.plane.errors import Refused
from modelarts_nb.localcloud.plane.mountpoints import mounted_below

MARKER = ".modelarts-nb-local-cloud"
ACCESS = "access.json"
KEYS = "keys"
LOG = "server.log"
_LOCK = "lock"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# SQLite's WAL needs memory shared between processes, which these do not offer.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "glusterfs", "9p", "afs", "fuse"}


class StateRefused(Exception):
    """The state folder cannot be used.

    Args:
        message: why.
        hint: what to do.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def default_folder() -> Path:
    """Where the state is unless told otherwise: ``MODELARTS_NB_LOCAL_CLOUD``, else XDG's place."""
    chosen = os.environ.get("MODELARTS_NB_LOCAL_CLOUD")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "modelarts_nb" / "local-cloud"


def prepare(folder: Path) -> None:
    """Make the folder, or see that it is ours.

    Raises:
        StateRefused: it is something else, on a network disk, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_network(folder)
        descriptor = os.open(folder, _FOLDER)
    except OSError as error:
        raise StateRefused(
            f"{folder} cannot be used as state folder: {error.strerror}.",
            "Name another folder with --state.",
        ) from None
    try:
        info = os.fstat(descriptor)
        names = os.listdir(descriptor)
        if info.st_uid != os.geteuid() or (names and not _marked(descriptor)):
            raise StateRefused(
                f"{folder} is not a folder of the local cloud.",
                "Name an empty folder, or one that does not exist, with --state.",
            )
        os.fchmod(descriptor, 0o700)
        if not names:
            text = json.dumps({"program": "modelarts_nb.localcloud"})
            _write(descriptor, MARKER, text + "\n")
    finally:
        os.close(descriptor)


def _marked(folder: int) -> bool:
    try:
        info = os.stat(MARKER, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()


def _write(folder: int, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "w") as file:
        file.write(text)


def _refuse_network(folder: Path) -> None:
    kind = file_system(folder)
    if kind.split(".")[0] in _NETWORK:
        raise StateRefused(
            f"{folder} is on a network disk ({kind}), where the local cloud cannot keep its state.",
            "Name a folder on a local disk with --state, as under /tmp.",
        )


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, as the kernel calls it; empty if unknown."""
    path = str(folder.resolve())
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        head, _, tail = line.partition(" - ")
        point = head.split(" ")[4].encode().decode("unicode_escape")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, tail.split(" ")[0]
    return kind


class Held:
    """The lock of a state folder; given back when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(folder / _LOCK, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StateRefused(
                f"A local cloud is running on {folder} already.",
                "`ma local status` shows it, `ma local down` ends it.",
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the folder back."""
        os.close(self._descriptor)


def holder(folder: Path) -> int | None:
    """The process that runs on a state folder; None where none does, or the folder is not ours:
    whoever holds a lock in it must not be ended."""
    try:
        opened = os.open(folder, _FOLDER)
    except OSError:
        return None
    try:
        if not _marked(opened):
            return None
        descriptor = os.open(_LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=opened)
    except OSError:
        return None
    finally:
        os.close(opened)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 20, 0).decode("ascii", "replace")
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def write_access(folder: Path, access: Mapping[str, Any]) -> None:
    """Write where the cloud is and with which keys, for nobody but the owner of the folder.

    ``access.json`` holds everything; ``keys/NAME.json`` what one user needs: ``endpoint``,
    ``region``, ``project_id``, ``domain_id``, ``user_id``, ``ak``, ``sk``.
    """
    (folder / KEYS).mkdir(mode=0o700, exist_ok=True)
    shared = {key: value for key, value in access.items() if isinstance(value, str)}
    for name, user in access["users"].items():
        _put(folder / KEYS, f"{name}.json", {**shared, **user})
    _put(folder, ACCESS, access)


def _put(folder: Path, name: str, value: Mapping[str, Any]) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name + ".new", dir_fd=descriptor)
        _write(descriptor, name + ".new", json.dumps(value, indent=2) + "\n")
        os.rename(name + ".new", name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
    finally:
        os.close(descriptor)


def read_access(folder: Path) -> dict[str, Any]:
    """What ``write_access`` wrote.

    Raises:
        StateRefused: there is none that can be read.
    """
    try:
        value = json.loads((folder / ACCESS).read_text())
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise StateRefused(
            f"{folder / ACCESS} cannot be read.", "Run `ma local down`, then `ma local up`."
        )
    return value


def remove_access(folder: Path) -> None:
    """Remove the files with keys, which are worth nothing any more."""
    (folder / ACCESS).unlink(missing_ok=True)
    for file in (folder / KEYS).glob("*.json"):
        file.unlink(missing_ok=True)


def wipe(folder: Path) -> None:
    """Empty a state folder but for its marker. No link is followed, nothing mounted is touched.

    Raises:
        StateRefused: it does not carry the marker, or something below is mounted from elsewhere.
    """
    try:
        descriptor = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateRefused(f"{folder} is not a state folder: {error.strerror}.") from None
    try:
        if not _marked(descriptor):
            raise StateRefused(f"{folder} is not a folder of the local cloud; nothing was removed.")
        if found := mounted_below(folder):
            raise StateRefused(f"{found[0]} is a mount point; nothing was removed.", "Unmount it.")
        # The marker goes last: an interrupted wipe can be repeated.
        for name in os.listdir(descriptor):
            if name != MARKER:
                _erase(descriptor, name)
    except (Refused, OSError) as error:
        raise StateRefused(f"{folder} cannot be emptied: {error}") from error
    finally:
        os.close(descriptor)


def _erase(folder: int, name: str) -> None:
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode):
        os.unlink(name, dir_fd=folder)
        return
    os.chmod(name, 0o700, dir_fd=folder)
    inner = os.open(name, _FOLDER, dir_fd=folder)
    try:
        erase_contents(inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)
