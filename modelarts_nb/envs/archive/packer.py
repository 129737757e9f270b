"""A process that packs: ``python -m modelarts_nb.envs.archive.packer``.

Python runs one thread at a time, so headers, the search for prefixes and the hand-over of what was
read take turns with each other however many cores there are; in processes they do not.

Standard input gives a ``Plan``, then ``Share`` after ``Share``; standard output gets a ``Frame``
for each, in this order, its data apart, or an error. The end of the input is the end.
"""

from __future__ import annotations

import ctypes
import queue
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace

from modelarts_nb.envs.archive.frames import FrameMaker
from modelarts_nb.envs.archive.pipes import receive, send
from modelarts_nb.envs.archive.reading import Contents
from modelarts_nb.envs.archive.shares import Share
from modelarts_nb.errors import EngineFailed, ModelArtsNbError

_M_MMAP_THRESHOLD = -3  # malloc.h

_Begun = tuple[Share, list[Future[Contents]]]


def main() -> None:
    """Work until the input ends or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's affair, who then ends us
    _give_memory_back()
    with suppress(EOFError, BrokenPipeError):
        plan, _ = receive(sys.stdin.buffer)
        maker = FrameMaker(plan)
        begun: queue.SimpleQueue[_Begun | None] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(maker, begun), daemon=True).start()
        while (work := begun.get()) is not None:
            try:
                frame = maker.make(*work)
            except ModelArtsNbError as error:
                send(sys.stdout.buffer, error)
                return
            except Exception as error:
                send(sys.stdout.buffer, EngineFailed("Packing failed.", cause=repr(error)))
                return
            send(sys.stdout.buffer, replace(frame, data=b""), frame.data)


def _listen(maker: FrameMaker, begun: queue.SimpleQueue[_Begun | None]) -> None:
    """Begin to read each share when it is told, while earlier ones are compressed."""
    try:
        while True:
            share, _ = receive(sys.stdin.buffer)
            begun.put((share, maker.soon(share)))
    except (EOFError, RuntimeError):  # RuntimeError: the pool is closed, we are at our end
        begun.put(None)


def _give_memory_back() -> None:
    """Large buffers go back to the system when they are freed: by default glibc keeps them, for
    each thread (measured: 600 MB instead of 320 for an environment of 3.6 GB)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 256 << 10)


if __name__ == "__main__":
    main()
