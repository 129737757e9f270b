"""Waiting for asynchronous work, also where a loop runs already."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from modelarts_nb.errors import Cancelled

_Result = TypeVar("_Result")


def wait_for(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do it in a loop of its own; its result.

    Raises:
        Cancelled: it was cancelled, or the user interrupted us.
    """
    try:
        return _beside(work) if _has_loop() else asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError, concurrent.futures.CancelledError):
        raise Cancelled() from None


def _has_loop() -> bool:
    """Does this thread have a loop that runs, as it has in a notebook's cell?"""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _beside(work: Coroutine[Any, Any, _Result]) -> _Result:
    """In another thread, which is waited for."""
    begun: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def there() -> _Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        begun.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await work

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(contextvars.copy_context().run, asyncio.run, there())
        try:
            return done.result()
        except KeyboardInterrupt:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                begun.result()()
            raise
