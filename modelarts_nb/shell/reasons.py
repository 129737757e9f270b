"""Why there is no connection: perhaps the job has ended, which the cloud knows."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from modelarts_nb.cloud.errors import CloudNotFound
from modelarts_nb.errors import ModelArtsNbError, NotFound
from modelarts_nb.shell.errors import ConnectionLost, ShellRefused, Unreachable
from modelarts_nb.shell.session import Request, Session, Transport
from modelarts_nb.shell.target import Target

# Seconds: where the network is gone the cloud does not answer either.
_PATIENCE = 5.0


async def open_session(transport: Transport, request: Request, target: Target) -> Session:
    """Open a session; where nobody answers since the job has ended, that is what is said.

    Raises:
        ShellRefused: a rule forbids a shell there, perhaps only by now.
        ModelArtsNbError: as ``Transport.open``.
    """
    try:
        return await transport.open(request)
    except (Unreachable, NotFound) as error:
        why = await forbidden(target)
        if why is None:
            raise
        raise ShellRefused(why.message, hint=why.hint, cause=error.message) from error


async def explained(lost: ConnectionLost, target: Target) -> ConnectionLost:
    """The same, with the reason where a rule forbids a shell there by now; else ``lost`` itself."""
    why = await forbidden(target)
    return lost if why is None else ConnectionLost(why.message, hint=why.hint, cause=lost.cause)


async def forbidden(target: Target) -> ShellRefused | None:
    """What forbids a shell there now; None: nothing, or nobody knows."""
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
        except CloudNotFound as gone:
            why = ShellRefused(gone.message, hint=gone.hint)
        except (ModelArtsNbError, OSError):
            pass  # it cannot be asked: nobody knows
        with contextlib.suppress(RuntimeError):  # the loop did not wait for so long
            loop.call_soon_threadsafe(tell, why)

    # Not the loop's own threads: those are waited for at its end.
    threading.Thread(target=ask, name="still", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, _PATIENCE)
    except asyncio.TimeoutError:
        return None
