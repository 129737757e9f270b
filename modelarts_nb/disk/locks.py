"""Locks: who is working on what. They only save work; safety is the rename in ``landing``.

A lock is the file with the highest generation of its name: ``mine.json``, ``mine@2.json``, ...
Whoever finds it dead creates the next generation exclusively, then looks around again: a file
that was not there when it judged means that somebody else was acting at the same time, and then
it withdraws and starts over.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.heartbeat import TIMING, Heartbeat, Sign, Timing
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import write_new
from modelarts_nb.disk.sightings import Sightings
from modelarts_nb.errors import Busy, UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress

UNFINISHED = ".new"
_ROUNDS = 50
_NO_LINK = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV}


class Lock:
    """A lock that is held."""

    def __init__(self, name: str, path: Path, heartbeat: Heartbeat) -> None:
        self.name = name
        self.path = path
        self._heartbeat = heartbeat

    def beat_ok(self) -> bool:
        """False when somebody else may hold it by now."""
        return self._heartbeat.ok()

    def check(self) -> None:
        """Before a step that cannot be undone.

        Raises:
            Busy: somebody else may hold the lock by now.
        """
        if not self.beat_ok():
            raise Busy(
                f"The disk did not answer for so long that somebody else may work on {self.name}.",
                hint="Run the same again.",
            )


@contextlib.contextmanager
def lock(
    disk: Disk, name: str, *, timing: Timing = TIMING, progress: Progress = SILENT
) -> Iterator[Lock]:
    """Hold the lock ``name`` (ignoring case) while the block runs.

    A holder of this container is judged at once. One on another notebook is watched until it
    shows a sign of life (``Busy``, after at most one beat) or stays silent for ``timing.stale``
    seconds (then the lock is taken over).

    Raises:
        Busy: somebody alive holds it; the message says who.
        UsageError: ``name`` cannot be a file name.
        DiskFull, DiskFailure, AccessDenied: the lock file cannot be written.
        Cancelled: while watching.
    """
    if not re.fullmatch(r"[^/@\x00.][^/@\x00]{0,199}", name):
        raise UsageError(f"{name!r} cannot be the name of a lock.")
    family = _Family(disk, name.lower(), timing, progress)
    try:
        disk.locks.mkdir(parents=True, exist_ok=True)
        held = family.acquire()
    except OSError as error:
        raise from_os_error(error, f"locking {name}", disk.locks) from error
    try:
        yield held[0]
    finally:
        held[1].stop()
        # Gone already when somebody took over; a disk that fails now leaves a file that is stale.
        with contextlib.suppress(OSError):
            family.drop(held[0].path, held[1].token)


class _Family:
    """All generations of one lock."""

    def __init__(self, disk: Disk, name: str, timing: Timing, progress: Progress) -> None:
        self._disk, self._name, self._timing, self._progress = disk, name, timing, progress
        self._file = re.compile(re.escape(name) + r"(?:@([0-9]{1,9}))?\.json")
        self._sightings = Sightings(disk.local_state / "sightings.json")

    def acquire(self) -> tuple[Lock, Heartbeat]:
        for _ in range(_ROUNDS):
            dead = self._generations()
            for path, sign in dead.values():
                self._require_dead(path, sign)
            number = max(dead, default=0) + 1
            path = self._disk.locks / (self._name + (f"@{number}" if number > 1 else "") + ".json")
            beat = Heartbeat(path, self._disk.owner, self._name, self._timing)
            if not create_exclusively(path, beat.first):
                continue
            judged = {sign.token for _, sign in dead.values()}
            others = [s for p, s in self._generations().values() if p != path]
            if all(sign.token in judged for sign in others):
                for old, sign in dead.values():
                    self.drop(old, sign.token)
                beat.start()
                return Lock(self._name, path, beat), beat
            self.drop(path, beat.token)
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - not a secret
        raise Busy(f"Too many want to work on {self._name} at once.", hint="Try again.")

    def drop(self, path: Path, token: str) -> None:
        """Delete a generation if it is still that holder's."""
        with contextlib.suppress(FileNotFoundError):
            if Sign.parse(path.read_bytes()).token == token:
                os.unlink(path)

    def _generations(self) -> dict[int, tuple[Path, Sign]]:
        found = {}
        for name in os.listdir(self._disk.locks):
            if match := self._file.fullmatch(name):
                path = self._disk.locks / name
                with contextlib.suppress(FileNotFoundError):
                    found[int(match[1] or 1)] = (path, Sign.parse(path.read_bytes()))
        return found

    def _require_dead(self, path: Path, sign: Sign) -> None:
        key, logged = f"lock {path}", False
        while True:
            fate = sign.process.fate()
            silent = self._sightings.unchanged_for(key, sign.content)
            if fate == "dead" or silent >= self._timing.stale:
                return
            if fate == "alive":
                self._sightings.save()
                raise self._busy(sign)
            if not logged:
                self._progress.log(f"waiting for a sign of life of {sign.who}")
                logged = True
            self._progress.check()
            time.sleep(min(0.5, self._timing.beat / 4))
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                return
            if content != sign.content:
                self._sightings.unchanged_for(key, content)
                self._sightings.save()
                raise self._busy(Sign.parse(content))

    def _busy(self, sign: Sign) -> Busy:
        return Busy(
            f"{sign.who} is working on {self._name!r} (since {sign.since or 'just now'}).",
            hint="Wait until it ends, or cancel it there.",
        )


def create_exclusively(path: Path, data: bytes) -> bool:
    """Create a file with its content in one step; False when it exists.

    NFS may lose the reply of a link that worked, repeat the request and say that it exists: then
    what is found there is ours. (Not the link count: the client may have cached an older one.)
    """
    fresh = path.with_name(f".{uuid.uuid4().hex}{UNFINISHED}")
    write_new(fresh, data, 0o644)
    try:
        os.link(fresh, path)
    except OSError as error:
        if error.errno in _NO_LINK:
            return _create(path, data)
        if error.errno == errno.EEXIST:
            with contextlib.suppress(FileNotFoundError):
                return path.read_bytes() == data
            return False
        raise
    finally:
        os.unlink(fresh)
    return True


def _create(path: Path, data: bytes) -> bool:
    try:
        write_new(path, data, 0o644)
    except FileExistsError:
        return False
    return True
