"""``env warm``: local copies of what kernels used before, made before they are wanted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.hot.kernel import record
from modelarts_nb.envs.hot.kernel.fill import FOLDER, MOST_BYTES, Fill, NoRoom, Turn, Wanted
from modelarts_nb.envs.hot.kernel.places import Places
from modelarts_nb.envs.hot.placing import place
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.errors import Busy, ModelArtsNbError, UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress

State = Literal["ready", "partly", "unknown", "not needed", "removed"]
_WAIT = 60.0  # seconds for somebody else who fills the same mirror
USE = "use"


@dataclass(frozen=True)
class Warmed:
    """What was done for one environment.

    ``state``: ready; partly (the local disk has no room for more); unknown (no kernel of it has
    noted yet what it uses); not needed (its disk is fast, or hot files are switched off); removed.
    ``files`` are at hand, ``bytes`` were copied for that.
    """

    name: str
    state: State
    files: int = 0
    bytes: int = 0


def warm(
    name: str | None = None,
    *,
    all: bool = False,
    remove: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> list[Warmed]:
    """Have at hand on the local disk what kernels of an environment used before.

    Args:
        name: of an environment on the disk.
        all: those of all environments, the last used first; what fails is in the log.
        remove: give the local disk's space back instead.

    Raises:
        UsageError: neither a name nor ``all``, or both.
        NotFound, NotAnEnvironment: there is no such environment on the disk.
        Busy: somebody else fills it, or a kernel uses what is to be removed.
        DiskFull, DiskFailure, AccessDenied: the disk or the home refused.
        Cancelled: the user's wish; what was copied stays.
    """
    if bool(name) == all:
        raise UsageError(
            "Say which environment, or all of them.", hint="`ma env warm NAME`, `ma env warm --all`"
        )
    disk = disk or open_disk()
    if remove:
        names = [name] if name else [path.name for path in _mirrors(_places("x", disk))]
        return [_remove(each, disk) for each in names]
    if name:
        return [_warm(on_disk(name, disk).name, disk, progress)]
    _forget_gone(disk)
    done = []
    for each in _last_used(disk):
        try:
            done.append(_warm(each, disk, progress))
        except ModelArtsNbError as error:
            progress.check()
            progress.log(f"{each}: {error.message}")
    return done


def _warm(name: str, disk: Disk, progress: Progress) -> Warmed:
    places = _places(name, disk)
    try:
        if config.Hot(config=config.load()).enabled == "off" or not places.pays():
            return Warmed(name, "not needed")
        known = places.record
        tag, files = record.read(known) if known else ("", {})
        if not files:
            progress.log(f"{name}: start its kernel and import something; that is noted")
            return Warmed(name, "unknown")
        place(disk)
        places.make_mirrors()
        turn = Turn(places.mirror)
        try:
            if not turn.take(seconds=_WAIT):
                raise Busy(f"The hot files of {name!r} are being copied already.")
            return _fill(places, Wanted(tag, list(files)), progress)
        finally:
            turn.close()
    except OSError as error:
        raise from_os_error(error, f"copying hot files of {name}") from error


def _fill(places: Places, wanted: Wanted, progress: Progress) -> Warmed:
    copied = 0

    def count(more: int) -> None:
        nonlocal copied
        copied += more
        progress.advance(bytes=more)
        progress.check()

    def filled(group: str) -> None:
        progress.advance(files=sizes.get(group, 0))

    while True:
        room = places.room(MOST_BYTES)
        fill = Fill(places.prefix, places.mirror, wanted, room=room, copied=count, filled=filled)
        sizes = {
            group: sum(kind != FOLDER for _, kind in members)
            for group, members in fill.groups().items()
        }
        progress.phase("copying", files=len(wanted.all))
        state: State = "ready"
        try:
            fill.run()
        except NoRoom:
            if room < MOST_BYTES and _free_one(places, progress):
                continue
            state = "partly"
        index = fill.index
        found = len(index.code) + len(index.libs) + len(index.texts) + len(index.sources)
        progress.log(f"{places.name}: {found:,} files at hand in {places.mirror}")
        return Warmed(places.name, state, found, copied)


def _remove(name: str, disk: Disk) -> Warmed:
    mirror = Path(_places(name, disk).mirror)
    if not mirror.is_dir():
        return Warmed(name, "removed")
    try:
        if not _remove_unused(mirror):
            raise Busy(
                f"A kernel uses the hot files of {name!r}.",
                hint="Shut it down, then run the same again.",
            )
    except OSError as error:
        raise from_os_error(error, f"removing hot files of {name}", mirror) from error
    return Warmed(name, "removed")


def _remove_unused(mirror: Path) -> bool:
    """False: a kernel uses it, or somebody fills it."""
    turns = [Turn(str(mirror), USE), Turn(str(mirror))]
    try:
        if not all(turn.take() for turn in turns):
            return False
        # Who comes now makes a new one.
        gone = mirror.with_name(f".{mirror.name}.gone-{os.getpid()}")
        mirror.rename(gone)
        shutil.rmtree(gone)
        return True
    finally:
        for turn in turns:
            turn.close()


def _free_one(places: Places, progress: Progress) -> bool:
    """Remove the mirror that was used longest ago and is not in use."""
    others = [path for path in _mirrors(places) if path.name != places.name]
    for mirror in sorted(others, key=lambda path: path.stat().st_mtime):
        if _remove_unused(mirror):
            progress.log(f"gave back the space of the hot files of {mirror.name}")
            return True
    return False


def _forget_gone(disk: Disk) -> None:
    """Remove mirrors of environments that are no longer there."""
    if not disk.envs.is_dir():
        return
    for mirror in _mirrors(_places("x", disk)):
        if not (disk.envs / mirror.name).is_dir():
            try:
                _remove_unused(mirror)
            except OSError:
                continue  # it is noticed again


def _mirrors(places: Places) -> list[Path]:
    try:
        return [path for path in Path(places.mirrors).iterdir() if path.name[0] != "."]
    except OSError:
        return []


def _last_used(disk: Disk) -> Iterator[str]:
    folder = disk.own / "hot"
    found = []
    try:
        for path in folder.iterdir():
            if path.name[0] != "." and not path.name.endswith(".new"):
                found.append((path.stat().st_mtime, path.name))
    except OSError:
        return
    for _, name in sorted(found, reverse=True):
        if (disk.envs / name / "bin").is_dir():
            yield name


def _places(name: str, disk: Disk) -> Places:
    places = Places(str(disk.envs / name), str(disk.home))
    places.owner = disk.owner
    return places
