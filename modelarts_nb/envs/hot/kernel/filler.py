"""Filling a mirror from a kernel: by a child of its own, while the kernel starts, or later when
nobody waits."""

from __future__ import annotations

import _thread
import os
import sys
import time

from .index import EVERY_LINK, LARGE, NAME, PART, head
from .places import Places
from .record import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .waiting import Filler

_WORD = 0.5  # seconds from one word on how far it is to the next
_LONGEST = 600  # seconds that a child may live


def fork_filler(places: Places) -> Filler | None:
    """Fill the mirror while this process goes on; None: nobody knows what to fill it with.

    To be called while the process has one thread.

    Raises:
        OSError: no process can be made.
    """
    from .waiting import Filler

    record = places.record
    if record is None or not os.path.exists(record):
        return None
    tag = str(sys.implementation.cache_tag)
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # Twice: nobody has to wait for the second.
            if os.fork() == 0:
                _leave(send)
                fill(places, record, tag, send)
        finally:
            os._exit(0)
    os.close(send)
    os.waitpid(child, 0)
    first = os.fsencode(head(tag, places.prefix)) + b"\n"

    def part() -> int:
        # Once it is whole it has its name; whoever is between the two looks again.
        for name in (PART, NAME, PART, NAME):
            try:
                lines = os.open(places.mirror + "/" + name, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            if os.read(lines, len(first)) == first:
                return lines
            os.close(lines)
        raise FileNotFoundError(PART)

    return Filler(receive, part)


def fill(places: Places, record: str, tag: str, pipe: int = -1, wait: float = 30.0) -> bool:
    """Fill the mirror with what was used.

    Args:
        places: of the environment.
        record: the list of what was used.
        tag: the interpreter's.
        pipe: where to tell of it (``waiting.py``); -1: nowhere.
        wait: seconds for somebody else who fills it.

    Returns:
        False: there was nothing to do, or somebody else does it.

    Raises:
        OSError: the disk or the home refused.
    """
    from .fill import MOST_BYTES, Fill, NoRoom, Turn, Wanted

    copied = [0]

    def tell(word: str) -> None:
        if pipe >= 0:
            try:
                os.write(pipe, os.fsencode(word) + b"\n")
            except OSError:
                pass  # nobody listens any more

    def count(more: int) -> None:
        copied[0] += more

    def keep_telling() -> None:
        while True:
            tell("copied %d" % copied[0])
            time.sleep(_WORD)

    if pipe >= 0:
        _thread.start_new_thread(keep_telling, ())
    known, files = read(record)
    if known != tag or not files:
        return False
    places.make_mirrors()
    turn = Turn(places.mirror)
    try:
        if not turn.take(seconds=wait):
            return False
        room = places.room(MOST_BYTES)
        work = Fill(
            places.prefix,
            places.mirror,
            Wanted(tag, list(files)),
            room=room,
            copied=count,
            filled=lambda group: tell("filled " + group),
        )
        groups = list(work.groups())
        tell("coming " + "/".join([EVERY_LINK, *groups, *(group + LARGE for group in groups)]))
        try:
            work.run()
        except NoRoom:
            pass
        return True
    finally:
        turn.close()


def main(prefix: str) -> None:
    """``python -c ... fill PREFIX``: fill it when nobody waits."""
    os.nice(15)
    places = Places(prefix, os.environ.get("HOME", "/"))
    if places.record is not None:
        fill(places, places.record, str(sys.implementation.cache_tag), wait=0.0)


def _leave(pipe: int) -> None:
    """Be nobody's: no terminal, no output, none of the kernel's files but the pipe."""
    import signal

    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 1024)
    # A disk that hangs must not keep it for ever.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_LONGEST)
