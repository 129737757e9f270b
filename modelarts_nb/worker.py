"""The tool's functions over a pipe, for the Jupyter server: NDJSON in, NDJSON out.

``{"id": 1, "call": "env.list", "params": {}}`` is answered by ``{"id": 1, "result": ...}`` or
``{"id": 1, "error": {...}}``, not necessarily in order; ``"patience": 30`` is how many seconds a
call waits for the cloud. It ends when its input does; operations it has started go on, in sessions
of their own.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, BinaryIO

from modelarts_nb import wire
from modelarts_nb.cloud.errors import CloudTimeout
from modelarts_nb.errors import Internal, ModelArtsNbError, UsageError, from_os_error
from modelarts_nb.operations.housekeeping import keep_tidy
from modelarts_nb.operations.verbs import QUERIES, ask
from modelarts_nb.progress import SILENT, Progress, Silent

# Calls wait for a network disk most of their time.
THREADS = 16
# Others must not wait behind calls that wait for a cloud that hangs.
CLOUD_THREADS = 8
# For calls that change something and whose asker has gone.
LAST_WORDS = 2.0

log = logging.getLogger("modelarts_nb.worker")


def main(folder: str | None = None) -> None:
    """Answer until the input ends.

    Args:
        folder: what relative paths in parameters are relative to.
    """
    if folder:
        with contextlib.suppress(OSError):
            os.chdir(folder)
    # What anybody prints must not end up between two answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    keep_tidy()
    serve(sys.stdin.buffer, answers)
    # Not `sys.exit`: a thread that waits for a hanging disk would keep the process.
    os._exit(0)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read requests line by line, answer each from a thread of its own."""
    lock = Lock()
    others = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
    cloud = ThreadPoolExecutor(CLOUD_THREADS, thread_name_prefix="cloud call")
    pending: set[Future[None]] = set()

    def work(request: _Request) -> None:
        text = wire.dumps(_answer(request)).encode("utf-8", "surrogatepass") + b"\n"
        with lock, contextlib.suppress(OSError):
            answers.write(text)

    for line in requests:
        request = _read(line)
        future = (cloud if request.waits_for_cloud else others).submit(work, request)
        pending.add(future)
        future.add_done_callback(pending.discard)
    wait(tuple(pending), LAST_WORDS)
    for pool in (others, cloud):
        pool.shutdown(wait=False, cancel_futures=True)


class Patience(Silent):
    """Ends the wait for the cloud: who asked does not wait longer, so no thread should.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def check(self) -> None:
        """Raise ``CloudTimeout`` when the time is over."""
        if time.monotonic() > self._until:
            raise CloudTimeout(
                f"The cloud does not answer (waited {self._seconds:g} s).",
                hint="Try again later. `ma cloud check` says where it is looked for, "
                "ModelArtsNb.cloud_timeout how long is waited.",
            )


@dataclass(frozen=True)
class _Request:
    """A line that was read. ``fault``: it is no request."""

    id: Any = None
    call: str = ""
    params: dict[str, Any] = field(default_factory=dict, repr=False)
    progress: Progress = SILENT
    fault: ModelArtsNbError | None = None

    @property
    def waits_for_cloud(self) -> bool:
        query = QUERIES.get(self.call)
        return query is not None and query.cloud


def _answer(request: _Request) -> dict[str, Any]:
    try:
        if request.fault is not None:
            raise request.fault
        # One that stood in line for longer than anybody waits is not begun.
        request.progress.check()
        result = ask(request.call, request.params, request.progress)
        return {"id": request.id, "result": wire.to_wire(result)}
    except ModelArtsNbError as error:
        return {"id": request.id, "error": _error(error)}
    except OSError as error:
        return {"id": request.id, "error": _error(from_os_error(error, "answering"))}
    except Exception as error:
        log.exception("a call failed")
        fault = Internal(
            f"Something went wrong that should not ({type(error).__name__}).",
            hint="The log of the Jupyter server has the details; report it.",
            cause=str(error),
        )
        return {"id": request.id, "error": _error(fault)}


def _read(line: bytes) -> _Request:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _no_request("A request must be one line of JSON.", str(error))
    if not isinstance(request, dict) or not isinstance(request.get("call"), str):
        return _no_request('A request must be an object with a "call".')
    params, patience = request.get("params", {}), request.get("patience")
    if not isinstance(params, dict):
        return _no_request('"params" must be an object.')
    if patience is None:
        return _Request(request.get("id"), request["call"], params)
    if not isinstance(patience, (int, float)) or isinstance(patience, bool):
        return _no_request('"patience" must be a number of seconds.')
    return _Request(request.get("id"), request["call"], params, Patience(float(patience)))


def _no_request(message: str, cause: str = "") -> _Request:
    return _Request(fault=UsageError(message, cause=cause))


def _error(error: ModelArtsNbError) -> dict[str, Any]:
    return {**error.to_dict(), "http_status": error.http_status}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    main(sys.argv[1] if len(sys.argv) > 1 else None)
