"""Slots: folders on the local disk in which versions of sealed environments run.

All have paths of the same length, so an image is made true in one by overwriting the placeholder
at known bytes. A slot is used once it has a note; the note is written when everything is in it.

    <run root>/<name>~<number>____        a filled environment
    <run root>/.slots/<slot>.json         its note
    <run root>/.current/<name>            which slot kernels start from: its path, one line
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import ConfigInvalid, from_os_error

#: Bytes of every slot's path. A first line of a script may have 127 (Linux before 5.1), and conda's
#: padded binaries have room for 255; shorter ones show less filling in every traceback.
LENGTH = 56
#: What stands in images where a slot's path will be.
PLACEHOLDER = "/modelarts_nb/sealed/prefix/".ljust(LENGTH, "_")
_SHORTEST = 15  # bytes of a slot's own name that are needed to tell slots apart
_NOTES, _CURRENT = ".slots", ".current"


@dataclass(frozen=True)
class Slot:
    """A filled slot.

    ``number`` is the version that it held when nothing in it had been changed, which was at
    ``clean`` (nanoseconds, as file systems say it: a file whose status changed later may differ).
    ``names`` are what its most telling folders held then, ``dirty`` paths that are known to differ.
    """

    path: Path
    name: str
    number: int
    clean: int
    names: dict[str, tuple[str, ...]]
    dirty: tuple[str, ...] = ()


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
                ours.mkdir(parents=True, exist_ok=True, mode=0o700)
                _require_own(ours)
                with contextlib.suppress(FileExistsError):
                    root.symlink_to(ours)
        root.mkdir(parents=True, exist_ok=True)
        for folder in (_NOTES, _CURRENT):
            (root / folder).mkdir(exist_ok=True)
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


def current(disk: Disk, name: str) -> Slot | None:
    """The slot that kernels of ``name`` start from; None where there is none that is filled."""
    try:
        line = (disk.run / _CURRENT / name).read_text("utf-8").splitlines()[0]
    except (OSError, ValueError, IndexError):
        return None
    return read(Path(line))


def holding(disk: Disk, name: str, number: int) -> Slot | None:
    """A filled slot of this version, changed meanwhile or not."""
    return next((s for s in filled(disk) if (s.name, s.number) == (name, number)), None)


def filled(disk: Disk) -> list[Slot]:
    """All filled slots of this container, by path."""
    try:
        names = sorted(os.listdir(disk.run / _NOTES))
    except OSError:
        return []
    paths = [disk.run / name.removesuffix(".json") for name in names if name.endswith(".json")]
    return [slot for path in paths if (slot := read(path))]


def read(path: Path) -> Slot | None:
    """The slot at ``path``; None where there is none that is filled."""
    try:
        value = json.loads(_note_file(path).read_bytes())
        slot = Slot(
            path=Path(value["path"]),
            name=str(value["name"]),
            number=int(value["number"]),
            clean=int(value["clean"]),
            names={str(k): tuple(map(str, v)) for k, v in dict(value["names"]).items()},
            dirty=tuple(map(str, value["dirty"])),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return slot if slot.path == path and path.is_dir() else None


def forget(disk: Disk, slot: Slot) -> None:
    """Remove a slot: first its note, so that nobody starts from what is half gone.

    Raises:
        DiskFailure, AccessDenied: the local disk refused.
    """
    try:
        chosen = current(disk, slot.name)
        if chosen and chosen.path == slot.path:
            (disk.run / _CURRENT / slot.name).unlink(missing_ok=True)
        _note_file(slot.path).unlink(missing_ok=True)
        if slot.path.is_dir():
            shutil.rmtree(slot.path)
    except OSError as error:
        raise from_os_error(error, "removing a local copy", slot.path) from error


def _note_file(path: Path) -> Path:
    return path.parent / _NOTES / f"{path.name}.json"


def _require_own(folder: Path) -> None:
    """A cache folder may be writable by all: nobody else's code is run from it."""
    info = os.lstat(folder)
    if info.st_uid != os.getuid() or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{folder} can be written by others")
