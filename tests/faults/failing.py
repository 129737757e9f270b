"""Let the disk fail during one deed, then judge what was said and what is left."""

from __future__ import annotations

import random
from dataclasses import dataclass

from modelarts_nb.operations.housekeeping import tidy
from tests.faults.deeds import again
from tests.faults.killing import Course, difference, left_behind, run
from tests.faults.world import World, digest, look
from tests.slowfs.mount import SlowFs

ERRORS = ("ENOSPC", "EDQUOT", "EIO", "ESTALE", "EROFS", "ETIMEDOUT")
#: What a disk says only when it is written to.
_OF_WRITES = {"ENOSPC", "EDQUOT", "EROFS"}
_WRITES = ("write", "flush", "create", "mkdir", "symlink", "link", "rename", "setattr", "fsync")
_READS = ("getattr", "open", "read", "readdir", "readlink", "unlink", "rmdir")
_FULL = {"ENOSPC", "EDQUOT"}


@dataclass(frozen=True)
class Trouble:
    """The ``after``-th request of a kind and all later ones fail, or with ``once`` only that one;
    with ``bytes`` it is the first write after so many bytes."""

    request: str
    error: str
    after: int
    once: bool = False
    bytes: bool = False

    def rule(self, written: int) -> str:
        if self.bytes:
            return f"{self.request} {self.error} after={written + self.after}b"
        every = " every=1000000000" if self.once else ""
        return f"{self.request} {self.error} after={self.after}{every}"


def possible(needed: dict[str, int]) -> list[str]:
    """The errors that a disk can answer with which is asked for this."""
    return [error for error in ERRORS if _kinds(error, needed)]


def _kinds(error: str, needed: dict[str, int]) -> list[str]:
    kinds = _WRITES if error in _OF_WRITES else _WRITES + _READS
    return [kind for kind in kinds if needed.get(kind)]


def at_random(error: str, needed: dict[str, int], chance: random.Random) -> Trouble:
    """Some request that the deed makes, of a kind that can answer with this error."""
    kinds = _kinds(error, needed)
    if error in _FULL and chance.random() < 0.3:
        return Trouble("write", error, chance.randrange(needed["bytes_written"] + 1), bytes=True)
    kind = chance.choice(kinds)
    return Trouble(kind, error, chance.randrange(needed[kind]), chance.random() < 0.5)


def fail_and_judge(course: Course, world: World, fs: SlowFs, trouble: Trouble) -> str:
    """Let the disk fail like that.

    Returns:
        The code of the error, with ``(new)`` where the new state was found although it failed;
        ``done`` where the deed worked in spite of it.

    Raises:
        AssertionError: an error without a type, a source that changed, anything half or left.
    """
    world.fresh()
    source = digest(world.source)
    fs.fail(trouble.rule(fs.counts()["bytes_written"]))
    code, report = run(course.deed, world, None)
    fs.fail()
    assert code == 0, f"it ended with {code}: no typed error"
    error = report["error"].partition(":")[0]
    assert error != "internal", report["error"]
    assert digest(world.source) == source, "the source was changed"
    disk = world.disk
    with world.settings():
        tidy(disk)
        assert not left_behind(world), f"left behind: {left_behind(world)} {report['error']}"
        found = look(disk)
        expected = (course.before, course.after) if error else (course.after,)
        assert found in expected, f"{report['error']}\n{difference(found, course)}"
        if found == course.before:
            again(course.deed, world)
            assert look(disk) == course.after, difference(look(disk), course)
            assert not left_behind(world), f"left behind by the next: {left_behind(world)}"
    return error + (" (new)" if found != course.before else "") if error else "done"
