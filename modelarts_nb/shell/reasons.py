"""Why a connection was lost: perhaps the job has ended, which the cloud knows."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.errors import ConnectionLost, ShellRefused
from modelarts_nb.shell.target import Target

# Seconds: where the network is gone the cloud does not answer either.
_PATIENCE = 5.0


async def explained(lost: ConnectionLost, target: Target) -> ConnectionLost:
    """The same, with the reason where a rule forbids a shell there by now; else ``lost`` itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[ShellRefused | None] = loop.create_future()

    def tell(why: ShellRefused | None) -> None:
        if not answer.done():
            answer.set_result(why)

    def ask() -> None:
        why: ShellRefused | None = None
        try:
            target.still()
        except ShellRefused as refused:
            why = refused
        except (ModelArtsNbError, OSError):
            pass  # it cannot be asked: nobody knows
        with contextlib.suppress(RuntimeError):  # the loop did not wait for so long
            loop.call_soon_threadsafe(tell, why)

    # Not the loop's own threads: those are waited for at its end.
    threading.Thread(target=ask, name="still", daemon=True).start()
    try:
        why = await asyncio.wait_for(answer, _PATIENCE)
    except asyncio.TimeoutError:
        return lost
    return lost if why is None else ConnectionLost(why.message, hint=why.hint, cause=lost.cause)
