"""Following what the cloud does by itself (a start, a mount) to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from modelarts_nb.cloud.client import sleep
from modelarts_nb.cloud.errors import CloudBusy, CloudTimeout, CloudUnreachable
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import Progress

T = TypeVar("T")

# Seconds between two looks: the first and the longest.
_FIRST, _LONGEST = 0.2, 5.0
# So long the cloud may be out of reach while it is followed.
_PATIENCE = 120.0


def follow(
    look: Callable[[], T],
    ended: Callable[[T], bool],
    *,
    what: str,
    again: str,
    timeout: float,
    progress: Progress,
) -> T:
    """Look again and again until it has ended.

    Args:
        look: asks the cloud.
        ended: is this the end? Raises where the end is a failure.
        what: goes on, as in "Starting mine".
        again: the command that picks it up.
        timeout: seconds.
        progress: asked whether to stop.

    Returns:
        What was seen last.

    Raises:
        CloudTimeout: it did not end in time; the cloud goes on with it.
        Cancelled: the user does not want to wait; the cloud goes on with it.
        CloudError: what ``look`` or ``ended`` raise.
    """
    started = seen = time.monotonic()
    pause = _FIRST
    goes_on = f"The cloud goes on with it; `{again}` follows it again."
    try:
        while True:
            try:
                state = look()
                seen = time.monotonic()
                if ended(state):
                    return state
            except (CloudUnreachable, CloudBusy) as error:
                # What goes on in the cloud does not end because we cannot see it.
                if time.monotonic() - seen > _PATIENCE:
                    error.hint = f"{error.hint} {goes_on}"
                    raise
                progress.log(error.message)
            if time.monotonic() - started > timeout:
                raise CloudTimeout(
                    f"{what} takes longer than {timeout / 60:.0f} minutes.", hint=goes_on
                )
            sleep(pause, progress)
            pause = min(pause * 1.5, _LONGEST)
    except (Cancelled, KeyboardInterrupt) as error:
        raise Cancelled(f"{what} is not followed any more.", hint=goes_on) from error


@contextmanager
def after(done: str) -> Iterator[None]:
    """For what is looked at after a change: who cancels that should know that the change was made.

    Args:
        done: what was done, as a sentence.

    Raises:
        Cancelled: the block was cancelled; says what was done.
    """
    try:
        yield
    except (Cancelled, KeyboardInterrupt) as error:
        raise Cancelled(f"{done} What came of it was not looked at.", hint="That stays.") from error
