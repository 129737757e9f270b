"""A disk that hangs must not hold a terminal for ever: who waits in a system call cannot say so."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

# Seconds without any answer. An NFS server that fails over is silent for up to 90 s: work that may
# be an hour old waits for it, a question does not.
QUESTION = 30.0
WORK = 180.0
_EVERY = 5.0


@contextlib.contextmanager
def patience(
    seconds: float,
    hung: Callable[[], object],
    *,
    probe: Callable[[], object] | None = None,
    every: float = _EVERY,
    wanted: bool = True,
) -> Iterator[None]:
    """While the block runs, ask the disk now and then; call ``hung`` when it does not answer.

    Args:
        seconds: how long the disk may be silent.
        hung: called from another thread, once; should end the process.
        probe: one request to the disk; an error is an answer too.
        every: seconds between two probes.
        wanted: False: the block needs no disk, and one that hangs must not end it.
    """
    if not wanted:
        yield
        return
    ended = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(probe or _request, hung, ended, seconds, every), daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        ended.set()


def _watch(
    probe: Callable[[], object],
    hung: Callable[[], object],
    ended: threading.Event,
    seconds: float,
    every: float,
) -> None:
    while not ended.wait(every):
        answered = threading.Event()
        threading.Thread(target=_ask, args=(probe, answered), daemon=True).start()
        if not answered.wait(seconds):
            if not ended.is_set():
                hung()
            return


def _ask(probe: Callable[[], object], answered: threading.Event) -> None:
    with contextlib.suppress(Exception):
        probe()
    answered.set()


def _request() -> None:
    from modelarts_nb import config
    from modelarts_nb.disk.latency import measure_latency

    measure_latency(Path(config.PersistentDisk(config=config.load()).root).expanduser())
