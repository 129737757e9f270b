"""Staging: a place for unfinished work, removed on leaving and swept when its owner died."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.heartbeat import TIMING, Heartbeat, Sign, Timing
from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import UNFINISHED
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.replace import replace_file, write_new
from modelarts_nb.disk.sightings import Sightings
from modelarts_nb.errors import Busy, Cancelled, DiskFailure, ModelArtsNbError, from_os_error
from modelarts_nb.progress import SILENT, Progress

__all__ = ["Stage", "land", "replace_file", "staged", "sweep"]

_OWNER = "owner.json"
_DEAD = ".dead-"


class Stage:
    """A folder of one operation. Build the new thing at ``stage.path / "content"``."""

    def __init__(self, path: Path, heartbeat: Heartbeat) -> None:
        self.path = path
        self._heartbeat = heartbeat

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    def beat_ok(self) -> bool:
        """False when others may have declared this operation dead: it must not land any more."""
        return self._heartbeat.ok()


@contextlib.contextmanager
def staged(disk: Disk, purpose: str, *, timing: Timing = TIMING) -> Iterator[Stage]:
    """A new staging folder, with a heartbeat, removed on leaving whatever happened.

    Args:
        disk: the persistent disk.
        purpose: what for, as in ``"clone mine"``; part of the folder's name.
        timing: seconds of the heartbeat.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the folder cannot be made.
        Busy: instead of the block's DiskFailure, when somebody swept the folder meanwhile.
    """
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", purpose).strip("-.")[:60] or "work"
    path = disk.staging / f"{slug}-{uuid.uuid4().hex[:12]}"
    heartbeat = Heartbeat(path / _OWNER, disk.owner, purpose, timing)
    try:
        disk.staging.mkdir(parents=True, exist_ok=True)
        path.mkdir()
        write_new(path / _OWNER, heartbeat.first, 0o644)
    except OSError as error:
        _discard(path)
        raise from_os_error(error, "making a staging folder", path) from error
    heartbeat.start()
    try:
        yield Stage(path, heartbeat)
    except DiskFailure as error:
        if _is_gone(path):
            raise Busy(
                f"The unfinished work ({purpose}) was taken away, because nothing was heard of it "
                "for too long.",
                hint="Run the same again.",
                cause=error.cause,
            ) from error
        raise
    finally:
        heartbeat.stop()
        _discard(path)


def sweep(disk: Disk, progress: Progress = SILENT, *, timing: Timing = TIMING) -> list[str]:
    """Remove staging folders whose owner is proven dead; never waits for the proof.

    Dead is: a process of this container that ended; or any whose heartbeat did not change for
    ``timing.stale`` seconds since this container first saw it, now or in an earlier sweep.

    Returns:
        The names of the folders that were removed.
    """
    sightings = Sightings(disk.local_state / "sightings.json")
    swept = []
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(disk.staging))
    for name in names:
        progress.check()
        path = disk.staging / name
        try:
            if not (name.startswith(_DEAD) or _is_dead(path, sightings, timing)):
                continue
            # The rename takes the folder from an owner who may not be dead but only asleep: what
            # it built is no longer where it would land it from.
            dead = path if name.startswith(_DEAD) else path.with_name(_DEAD + name)
            if dead != path:
                os.rename(path, dead)
            remove_tree(dead)
        except Cancelled:
            raise
        except (OSError, ModelArtsNbError) as error:
            progress.log(f"could not sweep {path}: {error}")
            continue
        sightings.forget(f"stage {path}")
        swept.append(name.removeprefix(_DEAD))
        progress.log(f"swept {name}")
    _sweep_unfinished_locks(disk, sightings, timing)
    sightings.save()
    return swept


def _sweep_unfinished_locks(disk: Disk, sightings: Sightings, timing: Timing) -> None:
    """Files of processes that were killed while they created a lock."""
    for path in sorted(disk.locks.glob(f".*{UNFINISHED}")):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            dead = Sign.parse(content).process.fate() == "dead"
            if dead or sightings.unchanged_for(f"new {path}", content) >= timing.stale:
                os.unlink(path)
                sightings.forget(f"new {path}")


def _is_dead(path: Path, sightings: Sightings, timing: Timing) -> bool:
    try:
        content = (path / _OWNER).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        content = b""  # killed before it said who it was, or being removed just now
    if Sign.parse(content).process.fate() == "dead":
        return True
    return sightings.unchanged_for(f"stage {path}", content) >= timing.stale


def _is_gone(path: Path) -> bool:
    """Was the folder taken away? (Not: can it not be seen any more.)"""
    try:
        return path.name not in os.listdir(path.parent)
    except OSError:
        return False


def _discard(path: Path) -> None:
    # What cannot be removed now is swept later; the caller's own error matters more.
    with contextlib.suppress(OSError, ModelArtsNbError):
        remove_tree(path)
