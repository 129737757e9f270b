"""One shell session for a browser, as a child of the Jupyter server.

Frames over stdin and stdout: a kind (``D`` bytes of the terminal, ``M`` a message in JSON), the
length in four bytes, the payload. The first one down is the request. It ends with its input, and
the session with it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import struct
from collections.abc import Mapping
from typing import Any

from modelarts_nb import wire
from modelarts_nb.errors import Cancelled, Internal, ModelArtsNbError, UsageError, from_os_error
from modelarts_nb.operations import shell as shells
from modelarts_nb.operations.audit import Audit
from modelarts_nb.shell.descriptors import Sink
from modelarts_nb.shell.errors import ConnectionLost
from modelarts_nb.shell.reasons import forbidden, open_session
from modelarts_nb.shell.relay import Relay
from modelarts_nb.shell.session import Exit, Request, Size, Terminal
from modelarts_nb.shell.target import Target

HEAD = struct.Struct(">cI")
DATA, MESSAGE = b"D", b"M"
# A frame that is longer is not one of the server's.
LONGEST = 1 << 20
_LANGUAGE = {"LANG": "C.UTF-8"}

log = logging.getLogger("modelarts_nb.shellworker")


class Frames:
    """Frames of two descriptors."""

    def __init__(self, source: asyncio.StreamReader, sink: Sink) -> None:
        self._source, self._sink = source, sink
        self._turn = asyncio.Lock()

    async def receive(self) -> tuple[bytes, bytes] | None:
        """The next frame; None at the end.

        Raises:
            UsageError: it is no frame.
        """
        try:
            kind, size = HEAD.unpack(await self._source.readexactly(HEAD.size))
            if kind not in (DATA, MESSAGE) or size > LONGEST:
                raise UsageError("That is no frame of the server's.")
            return kind, await self._source.readexactly(size)
        except asyncio.IncompleteReadError:
            return None

    async def output(self, data: bytes) -> None:
        """Send bytes of the terminal."""
        await self._send(DATA, data)

    async def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        await self._send(MESSAGE, wire.dumps(message).encode("utf-8", "backslashreplace"))

    async def _send(self, kind: bytes, payload: bytes) -> None:
        async with self._turn:
            await self._sink.write(HEAD.pack(kind, len(payload)) + payload)


def main() -> None:
    """Serve one session."""
    # What anybody prints must not end up between two frames.
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        asyncio.run(_serve(0, out))
    except BrokenPipeError:
        pass  # the server has gone
    finally:
        # Not `sys.exit`: a thread that waits for a hanging cloud would keep the process.
        os._exit(0)


async def _serve(source: int, out: int) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(source, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    sink = Sink(out)
    try:
        await serve(Frames(reader, sink))
    finally:
        sink.close()
        transport.close()


async def serve(frames: Frames) -> None:
    """Open what the first frame asks for, and relay until the input ends."""
    first = await frames.receive()
    if first is None:
        return
    ears = _Ears(frames)
    listening = asyncio.create_task(ears.listen())
    working = asyncio.create_task(_session(frames, ears, first[1]))
    try:
        await asyncio.wait({listening, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            await listening
    finally:
        for task in (working, listening):
            task.cancel()
        await asyncio.gather(working, listening, return_exceptions=True)


class _Ears:
    """Hears the server from the first moment, the browser once there is a session."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.relay: Relay | None = None

    async def listen(self) -> None:
        """Until the input ends."""
        while (frame := await self._frames.receive()) is not None:
            if self.relay is None:
                continue
            kind, payload = frame
            if kind == DATA:
                self.relay.type(payload)
            else:
                await self._heed(self.relay, json.loads(payload))

    async def _heed(self, relay: Relay, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "attach":
            await relay.attach(message.get("offset"))
        elif kind == "detach":
            await relay.detach()
        elif kind == "shown":
            await relay.shown(int(message["bytes"]))
        elif kind == "resize":
            relay.resize(Size(int(message["columns"]), int(message["rows"])))


async def _session(frames: Frames, ears: _Ears, asked: bytes) -> None:
    """Tell ``opened`` or ``refused``, relay, tell how it ended and wait for the input's end."""
    try:
        request = json.loads(asked)
        target = await asyncio.to_thread(_find, request)
        watch = Audit(request.get("user", ""))
        token = await asyncio.to_thread(watch.opened, target, None)
    except Exception as error:
        await frames.tell({"type": "refused", "error": _wire(error)})
        return
    exit: Exit | None = None
    failed: ModelArtsNbError | None = Cancelled()
    written: asyncio.Task[None] | None = None
    transport = target.connect()
    try:
        size = Size(int(request["columns"]), int(request["rows"]))
        asking = Request(None, Terminal(size=size), _LANGUAGE | _language())
        try:
            session = await open_session(transport, asking, target)
        except Exception as error:
            failed = error if isinstance(error, ModelArtsNbError) else None
            await frames.tell({"type": "refused", "error": _wire(error)})
            return
        async with Relay(session, frames.output, frames.tell) as relay:
            ears.relay = relay
            await frames.tell({"type": "opened", **_about(target)})
            try:
                exit = await relay.run()
                failed = None
                ended = {"type": "ended", "exit_code": exit.code, "signal": exit.signal}
            except ConnectionLost as error:
                failed = await forbidden(target) or error
                ended = {"type": "lost", "error": _wire(failed)}
            written = asyncio.create_task(asyncio.to_thread(watch.ended, token, exit, failed))
            await relay.conclude(ended)
            # Until the server closes our input: a browser may still come for the rest.
            await asyncio.get_running_loop().create_future()
    finally:
        if written is None:
            written = asyncio.create_task(asyncio.to_thread(watch.ended, token, exit, failed))
        await written
        await transport.close()


def _find(request: Mapping[str, Any]) -> Target:
    job = request["job"]
    if "/" in job:
        raise UsageError("That is no job's id or name.")
    [target] = shells.targets(
        job, task=request.get("task") or None, transport=request.get("transport") or None
    )
    return target


def _about(target: Target) -> dict[str, str]:
    return {
        "job": target.job,
        "job_name": target.name,
        "task": target.task,
        "transport": target.transport,
    }


def _wire(error: Exception) -> dict[str, Any]:
    if isinstance(error, OSError):
        error = from_os_error(error, "opening the shell")
    if not isinstance(error, ModelArtsNbError):
        log.error("a shell failed", exc_info=error)
        error = Internal(
            f"Something went wrong that should not ({type(error).__name__}).",
            hint="The log of the Jupyter server has the details; report it.",
            cause=str(error),
        )
    return {**error.to_dict(), "http_status": error.http_status}


def _language() -> dict[str, str]:
    """What a server takes of ours (OpenSSH's ``AcceptEnv LANG LC_*``)."""
    return {k: v for k, v in os.environ.items() if k == "LANG" or k.startswith("LC_")}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    main()
