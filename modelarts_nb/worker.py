"""The tool's functions over a pipe, for the Jupyter server: NDJSON in, NDJSON out.

``{"id": 1, "call": "env.list", "params": {}}`` is answered by ``{"id": 1, "result": ...}`` or
``{"id": 1, "error": {...}}``, not necessarily in order. It ends when its input does; operations
it has started go on, in sessions of their own.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any, BinaryIO

from modelarts_nb import wire
from modelarts_nb.errors import Internal, ModelArtsNbError, UsageError, from_os_error
from modelarts_nb.operations.housekeeping import keep_tidy
from modelarts_nb.operations.verbs import ask

# Calls wait for a network disk most of their time.
THREADS = 16
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
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
    pending: set[Future[None]] = set()

    def work(line: bytes) -> None:
        text = wire.dumps(_answer(line)).encode("utf-8", "surrogatepass") + b"\n"
        with lock, contextlib.suppress(OSError):
            answers.write(text)

    for line in requests:
        future = pool.submit(work, line)
        pending.add(future)
        future.add_done_callback(pending.discard)
    wait(tuple(pending), LAST_WORDS)
    pool.shutdown(wait=False, cancel_futures=True)


def _answer(line: bytes) -> dict[str, Any]:
    number: Any = None
    try:
        request = _parse(line)
        number = request.get("id")
        result = ask(request["call"], request.get("params", {}))
        return {"id": number, "result": wire.to_wire(result)}
    except ModelArtsNbError as error:
        return {"id": number, "error": _error(error)}
    except OSError as error:
        return {"id": number, "error": _error(from_os_error(error, "answering"))}
    except Exception as error:
        log.exception("a call failed")
        fault = Internal(
            f"Something went wrong that should not ({type(error).__name__}).",
            hint="The log of the Jupyter server has the details; report it.",
            cause=str(error),
        )
        return {"id": number, "error": _error(fault)}


def _parse(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise UsageError("A request must be one line of JSON.", cause=str(error)) from error
    if not isinstance(request, dict) or not isinstance(request.get("call"), str):
        raise UsageError('A request must be an object with a "call".')
    if not isinstance(request.get("params", {}), dict):
        raise UsageError('"params" must be an object.')
    return request


def _error(error: ModelArtsNbError) -> dict[str, Any]:
    return {**error.to_dict(), "http_status": error.http_status}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    main(sys.argv[1] if len(sys.argv) > 1 else None)
