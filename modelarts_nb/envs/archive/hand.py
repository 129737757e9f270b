"""A process that works on an archive: ``python -m modelarts_nb.envs.archive.hand``.

Standard input gives a plan, then job after job; standard output gets an answer to each, in this
order, or an error. The end of the input is the end.
"""

from __future__ import annotations

import ctypes
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

from modelarts_nb.envs.archive.pipes import receive, send
from modelarts_nb.envs.archive.team import Hand
from modelarts_nb.errors import EngineFailed, ModelArtsNbError

_M_ARENA_MAX = -8  # malloc.h

_Begun = tuple[Any, Any] | BaseException | None


def main() -> None:
    """Work until the input ends or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's affair, who then ends us
    _share_memory()
    with suppress(EOFError, BrokenPipeError):
        (plan, threads), _ = receive(sys.stdin.buffer)
        hand = plan.hand(threads)
        send(sys.stdout.buffer, hand.ahead)
        begun: queue.SimpleQueue[_Begun] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(hand, begun), daemon=True).start()
        while (work := begun.get()) is not None:
            try:
                if isinstance(work, BaseException):
                    raise work
                answer, data = hand.finish(*work)
            except ModelArtsNbError as error:
                send(sys.stdout.buffer, error)
                return
            except Exception as error:
                send(sys.stdout.buffer, EngineFailed("The work failed.", cause=repr(error)))
                return
            send(sys.stdout.buffer, answer, data)


def _listen(hand: Hand, begun: queue.SimpleQueue[_Begun]) -> None:
    """Begin each job when it is told, while earlier ones are finished."""
    try:
        while True:
            job, _ = receive(sys.stdin.buffer)
            begun.put((job, hand.begin(job)))
    except EOFError:
        begun.put(None)
    except BaseException as error:
        begun.put(error)


def _share_memory() -> None:
    """One heap for all threads: by default glibc keeps one for each, and in each what was freed."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


if __name__ == "__main__":
    main()
