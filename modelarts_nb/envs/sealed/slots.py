"""Slots: folders on the local disk in which versions of sealed environments run.

All have paths of the same length, so an image is made true in one by overwriting the placeholder
at known bytes. A slot is used once it has a note; the note is written when everything is in it.

    <run root>/<name>~<number>____        a filled environment
    <run root>/.slots/<slot>.json         its note
    <run root>/.current/<name>            which slot kernels start from: its path, one line
    <run root>/.used/<slot>.<pid>         a launcher says that it is about to start from the slot
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.errors import ConfigInvalid, from_os_error

#: Bytes of every slot's path. A first line of a script may have 127 (Linux before 5.1), and conda's
#: padded binaries have room for 255; shorter ones show less filling in every traceback.
LENGTH = 56
#: What stands in images where a slot's path will be.
PLACEHOLDER = "/modelarts_nb/sealed/prefix/".ljust(LENGTH, "_")
_SHORTEST = 15  # bytes of a slot's own name that are needed to tell slots apart
_NOTES, _CURRENT, _MARKS = ".slots", ".current", ".used"


@dataclass(frozen=True)
class Slot:
    """A filled slot.

    ``number`` is the version that it held when nothing in it had been changed, which was at
    ``clean`` (nanoseconds, as file systems say it: a file whose status changed later may differ).
    ``names`` are what its most telling folders held then, ``dirty`` paths that are known to differ.
    ``images`` are those of that version: its name and number may be another's by now, when it was
    removed and made anew elsewhere. Empty: not known.
    """

    path: Path
    name: str
    number: int
    clean: int
    names: dict[str, tuple[str, ...]]
    dirty: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


def run_root(disk: Disk) -> Path:
    """The run root, made if need be; it leads into the cache folder where there is one.

    Raises:
        ConfigInvalid: its path is too long, or has characters that scripts cannot carry.
        DiskFull, DiskFailure, AccessDenied: it cannot be made.
    """
    root = disk.run
    if len(os.fsencode(root)) > LENGTH - 1 - _SHORTEST or quote(str(root), safe="/~") != str(root):
        raise ConfigInvalid(
            f"Sealed environments cannot run in {root}: the path is too long or has special "
            "characters.",
            hint="Name a short folder of the local disk in MODELARTS_NB_RUN, as in /tmp/ma-run.",
        )
    cache = Path(config.Sealed(config=config.load()).cache)
    try:
        if not os.path.lexists(root):
            root.parent.mkdir(parents=True, exist_ok=True)
            if cache.is_dir() and os.access(cache, os.W_OK):
                ours = cache / f"modelarts_nb-{os.getuid()}" / "run"
                for folder in (ours.parent, ours):
                    folder.mkdir(exist_ok=True, mode=0o700)
                    _require_own(folder)
                with contextlib.suppress(FileExistsError):
                    root.symlink_to(ours)
        root.mkdir(parents=True, exist_ok=True)
        for name in (_NOTES, _CURRENT, _MARKS):
            (root / name).mkdir(exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "making the run root", root) from error
    return root


def free_path(disk: Disk, name: str, number: int) -> Path:
    """A path for a slot of this version that nothing has.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: as ``run_root``.
    """
    root = run_root(disk)
    room = LENGTH - len(os.fsencode(root)) - 1
    take = 0
    while True:
        label = f"{name}~{number}" + (f".{take}" if take else "")
        if len(label) > room:
            digest = hashlib.sha256(label.encode()).hexdigest()[:8]
            label = f"{label[: room - 9]}~{digest}"
        path = root / label.ljust(room, "_")
        if not os.path.lexists(path):
            return path
        take += 1


def note(slot: Slot) -> None:
    """Declare a slot filled, or note what is known about it now.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    value = {**asdict(slot), "path": str(slot.path)}
    replace_file(_note_file(slot.path), json.dumps(value).encode())


def choose(disk: Disk, slot: Slot) -> None:
    """Let kernels of this container start from ``slot`` from now on.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    replace_file(disk.run / _CURRENT / slot.name, f"{slot.path}\n{slot.number}\n".encode())


def choose_none(disk: Disk, name: str) -> None:
    """Let kernels of ``name`` start from no slot; those that are there stay.

    Raises:
        DiskFailure, AccessDenied: the local disk refused.
    """
    try:
        (disk.run / _CURRENT / name).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, f"forgetting the local copy of {name}", disk.run) from error


def rename(disk: Disk, name: str, new: str) -> None:
    """Let the slots of ``name`` be those of ``new``, where they are: kernels that run keep their
    files, and a local copy is the same under both names.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    used = current(disk, name)
    for slot in filled(disk):
        if slot.name == name:
            note(replace(slot, name=new))
    if used:
        choose(disk, replace(used, name=new))
    choose_none(disk, name)


def chosen(disk: Disk) -> list[Slot]:
    """The slots that kernels of this container start from, by the name of their environments.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    names = sorted(_listed(disk.run / _CURRENT), key=str.lower)
    found = [current(disk, name) for name in names if not name.startswith(".")]
    return [slot for slot in found if slot]


def current(disk: Disk, name: str) -> Slot | None:
    """The slot that kernels of ``name`` start from; None where there is none that is filled.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    text = _content(disk.run / _CURRENT / name)
    lines = text.decode("utf-8", "surrogateescape").splitlines() if text else []
    return read(Path(lines[0])) if lines else None


def holding(disk: Disk, name: str, number: int) -> Slot | None:
    """A filled slot of this version, changed meanwhile or not."""
    return next((s for s in filled(disk) if (s.name, s.number) == (name, number)), None)


def of(slot: Slot, version: Version) -> bool:
    """Was ``slot`` filled from this very version?"""
    images = tuple(layer.image for layer in version.layers)
    same = (slot.name, slot.number) == (version.name, version.number)
    return same and slot.images in ((), images)


def filled(disk: Disk) -> list[Slot]:
    """All filled slots of this container, by path.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    return [slot for path in sorted(noted(disk)) if (slot := read(path))]


def noted(disk: Disk) -> set[Path]:
    """Where there are slots with a note, whatever it says.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    names = _listed(disk.run / _NOTES)
    return {disk.run / name.removesuffix(".json") for name in names if name.endswith(".json")}


def read(path: Path) -> Slot | None:
    """The slot at ``path``; None where there is none that is filled.

    A note that cannot be read is no missing one: there may be unsaved work in the slot.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    data = _content(_note_file(path))
    if data is None:
        return None
    try:
        value = json.loads(data)
        slot = Slot(
            path=Path(value["path"]),
            name=str(value["name"]),
            number=int(value["number"]),
            clean=int(value["clean"]),
            names={str(k): tuple(map(str, v)) for k, v in dict(value["names"]).items()},
            dirty=tuple(map(str, value["dirty"])),
            images=tuple(map(str, value.get("images", ()))),
        )
    except (ValueError, TypeError, KeyError):
        return None
    return slot if slot.path == path and is_there(slot) else None


def is_there(slot: Slot) -> bool:
    """Is there a folder of files, beside the note?

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    try:
        return slot.path.is_dir()
    except OSError as error:
        raise from_os_error(error, "looking for a local copy", slot.path) from error


def marks(disk: Disk) -> Path:
    """The folder in which launchers say that they are about to start from a slot."""
    return disk.run / _MARKS


def withdraw(slot: Slot) -> None:
    """Take the note of a slot back: nobody starts from it from now on.

    Raises:
        DiskFailure, AccessDenied: the local disk refused.
    """
    try:
        _note_file(slot.path).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, "removing a local copy", slot.path) from error


def forget(disk: Disk, slot: Slot) -> None:
    """Remove a slot: first its note, so that nobody starts from what is half gone.

    Raises:
        DiskFailure, AccessDenied: the local disk refused.
    """
    now = current(disk, slot.name)
    withdraw(slot)
    if now and now.path == slot.path:
        choose_none(disk, slot.name)
    remove_tree(slot.path)
    for suffix in (".lease", ".used"):
        with contextlib.suppress(OSError):
            _note_file(slot.path).with_suffix(suffix).unlink()


def _note_file(path: Path) -> Path:
    return path.parent / _NOTES / f"{path.name}.json"


def _content(path: Path) -> bytes | None:
    """What is in a file of the run root; None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no path at all
        return None
    except OSError as error:
        raise from_os_error(error, "reading what is on the local disk", path) from error


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise from_os_error(error, "reading what is on the local disk", folder) from error


def _require_own(folder: Path) -> None:
    """A cache folder may be writable by all: nobody else's code is run from it."""
    info = os.lstat(folder)
    if info.st_uid != os.getuid() or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(errno.EACCES, "can be written by others", str(folder))
