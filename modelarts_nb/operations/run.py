"""Running verbs: in this process (``ma``), or in one of its own that outlives whoever asked.

``python -m modelarts_nb.operations.run ID FOLDER`` is that process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from modelarts_nb import wire
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import Cancelled, Internal, ModelArtsNbError, from_os_error
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.housekeeping import tidy_beside
from modelarts_nb.operations.journal import Journal
from modelarts_nb.operations.model import Operation, State, now
from modelarts_nb.operations.record import keep_record
from modelarts_nb.operations.reporter import Reporter
from modelarts_nb.operations.runner import runner_of
from modelarts_nb.operations.verbs import VERBS, bind
from modelarts_nb.progress import SILENT, Progress


def run(verb: str, params: dict[str, Any], progress: Progress | None = None) -> Any:
    """Run a verb here and now, with a journal that the panel shows too.

    SIGINT and SIGTERM cancel it (a second SIGINT interrupts as usual).

    Args:
        verb: of ``verbs.VERBS``.
        params: JSON values by name.
        progress: hears everything that the journal hears.

    Returns:
        What the verb's function returns.

    Raises:
        UsageError: unknown verb or bad parameters; no journal is made.
        DiskMissing, OwnerUnknown: no persistent disk to work on; no journal is made.
        ModelArtsNbError: whatever the verb raises; ``Internal`` where it should not have.
    """
    bind(VERBS, verb, params)
    journal, operation = journals.create(verb, params, _owner(verb))
    journal.set_runner(runner_of(detached=False))
    return _perform(journal, operation, progress or SILENT)


def start(verb: str, params: dict[str, Any]) -> Operation:
    """Begin a verb in a process and session of its own; returns once its journal exists.

    Raises:
        UsageError: unknown verb or bad parameters.
        DiskMissing, OwnerUnknown: no persistent disk to work on.
        DiskFull, DiskFailure, AccessDenied: the journal could not be begun.
    """
    bind(VERBS, verb, params)
    journal, operation = journals.create(verb, params, _owner(verb))
    isolated = ["-I"] if sys.flags.isolated else []
    command = [sys.executable, *isolated, "-m", "modelarts_nb.operations.run"]
    with journal.stray_file.open("ab") as stray:
        # "/" as folder: `-m` puts it in front of sys.path, and a user's folder may hold a click.py.
        child = subprocess.Popen(
            [*command, journal.id, os.getcwd()],
            stdin=subprocess.DEVNULL,
            stdout=stray,
            stderr=stray,
            start_new_session=True,
            cwd="/",
        )
    journal.set_runner(runner_of(child.pid, detached=True))
    # Else it would stay a zombie for as long as this process lives.
    threading.Thread(target=child.wait, name="reap", daemon=True).start()
    return operation


def _perform(journal: Journal, operation: Operation, progress: Progress) -> Any:
    reporter = Reporter(journal, operation, progress)
    journal.log(f"{operation.verb} {wire.dumps(operation.params)}")
    state: State = "done"
    error: ModelArtsNbError | None = None
    result: Any = None
    answer: Any = None
    disk: Disk | None = None
    with _signals(reporter.cancel):
        reporter.start()
        try:
            call = bind(VERBS, operation.verb, operation.params)
            disk = open_disk() if VERBS[operation.verb].disk else None
            answer = call(disk=disk, progress=reporter)
            result = wire.to_wire(answer)
        except (Cancelled, KeyboardInterrupt) as raised:
            # Who knows what goes on all the same has said so.
            told = isinstance(raised, Cancelled) and raised.hint
            hint = told or "Nothing was left behind."
            state, error = "cancelled", Cancelled(str(raised) if told else "Cancelled.", hint=hint)
        except Exception as raised:
            state, error = "failed", _understand(raised, journal)
        ended = dataclasses.replace(
            reporter.stop(),
            state=state,
            ended=now(),
            error=error.to_dict() if error else None,
            result=result,
        )
        journal.log(f"-- {state}" + (f": {error.message}" if error else ""))
        with contextlib.suppress(OSError):
            journal.write(ended)
    if disk is not None:
        keep_record(disk, ended)
        tidy_beside(disk)
    if error is not None:
        raise error
    return answer


def _owner(verb: str) -> str:
    """Whose operation it is; what needs no disk runs for nobody in particular without one."""
    try:
        return open_disk().owner
    except ModelArtsNbError:
        if VERBS[verb].disk:
            raise
        return ""


def _understand(raised: Exception, journal: Journal) -> ModelArtsNbError:
    if isinstance(raised, ModelArtsNbError):
        return raised
    journal.log("".join(traceback.format_exception(raised)))
    if isinstance(raised, OSError):
        return from_os_error(raised, "working on the operation")
    return Internal(
        f"Something went wrong that should not ({type(raised).__name__}).",
        hint=f"See the log of operation {journal.id}, and report it.",
        cause=str(raised),
    )


@contextlib.contextmanager
def _signals(cancel: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM and the first SIGINT cancel, while this lasts and where it is possible."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        del frame
        cancel()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def main(id: str, folder: str) -> int:
    """The process of a started operation; the exit code says how it ended."""
    gc.set_threshold(100_000, 20, 20)  # as ``ma`` does
    journal = journals.find(id)
    journal.set_runner(runner_of(detached=True))
    # Relative paths in the parameters mean what they meant to who asked.
    with contextlib.suppress(OSError):
        os.chdir(folder)
    try:
        _perform(journal, journal.read(), SILENT)
    except ModelArtsNbError as error:
        return error.exit_code
    finally:
        journal.keep_stray_output()
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:3])
    sys.stdout.flush()
    # Threads that wait for a hanging disk must not keep an ended operation alive.
    os._exit(code)
