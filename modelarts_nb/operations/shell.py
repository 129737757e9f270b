"""Shells in jobs, written down in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.errors import UsageError
from modelarts_nb.operations.audit import Audit
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.shell import copying, running
from modelarts_nb.shell.choosing import USUAL, ExecOptions, Kind, find_targets
from modelarts_nb.shell.commands import script_line
from modelarts_nb.shell.copying import Copied
from modelarts_nb.shell.fanout import Outcome
from modelarts_nb.shell.places import place_of
from modelarts_nb.shell.processenv import (
    NONE_FOUND,
    SHOW,
    ProcessEnv,
    ProcessEnvironment,
    applied,
    none_found,
    read,
)
from modelarts_nb.shell.running import Say
from modelarts_nb.shell.session import Exit, Stream
from modelarts_nb.shell.target import Target

# Bytes of one stream of one task that ``execute`` keeps.
KEPT = 16 << 20


@dataclass(frozen=True)
class TaskOutput:
    """How a command ended in one task and what it printed; see ``shell.fanout.TaskResult``. Of each
    stream the first 16 MiB, as text."""

    task: str
    exit_code: int | None
    signal: str
    error: dict[str, str] | None
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Executed:
    """``exit_code``: 0 where all tasks' are, else the highest."""

    exit_code: int
    tasks: tuple[TaskOutput, ...]


def targets(
    job: str,
    *,
    task: str | None = None,
    all_tasks: bool = False,
    transport: Kind | None = None,
    options: ExecOptions = USUAL,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Target]:
    """What a shell would be opened in. See ``shell.choosing.find_targets``."""
    return find_targets(
        (lambda: cloud) if cloud is not None else open_cloud,
        job,
        task=task,
        all_tasks=all_tasks,
        transport=transport,
        options=options,
        progress=progress,
    )


def open_terminal(
    target: Target,
    *,
    command: str | None = None,
    process_env: ProcessEnv | None = None,
    timeout: float | None = None,
    say: Say,
) -> Exit:
    """Give this terminal to a task. See ``shell.running.open_terminal``.

    Args:
        process_env: ``apply``: with the environment of the training process.
    """
    line = applied(command) if process_env == "apply" else command
    done = running.open_terminal(target, command=line, say=say, timeout=timeout, watch=Audit())
    if process_env == "apply" and done.code == NONE_FOUND:
        raise none_found(target.task)
    return done


def run(
    found: Sequence[Target],
    *,
    command: str | None = None,
    script: bytes | None = None,
    process_env: ProcessEnv | None = None,
    **options: Any,
) -> Outcome:
    """Run a command or a script in tasks. See ``shell.running.run``.

    Args:
        command: a line for the containers' shells.
        script: instead of it, what their shells are to run.
        process_env: ``apply``: with the environment of each training process.

    Raises:
        UsageError: neither command nor script, or both; the script is empty or too long.
    """
    if (command is None) == (script is None):
        raise UsageError("There is nothing to run.", hint="Give a command after `--`.")
    line = script_line(script) if script is not None else command or ""
    if process_env == "apply":
        line = applied(line)
    stdin = script if script is not None else options.pop("stdin", None)
    return running.run(found, line, stdin=stdin, watch=Audit(), **options)


def execute(
    job: str,
    command: str,
    *,
    task: str | None = None,
    all_tasks: bool = False,
    transport: Kind | None = None,
    options: ExecOptions = USUAL,
    timeout: float | None = None,
    fail_fast: bool = False,
    process_env: ProcessEnv | None = None,
    stdin: bytes | None = None,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Executed:
    """Run a command in one or all tasks of a job, and keep what it prints.

    Args:
        job, task, all_tasks, transport, options: see ``targets``.
        command: a line for the containers' shells.
        timeout: seconds for the whole; None: for ever.
        fail_fast: the first that fails ends the others.
        process_env: ``apply``: with the environment of each training process.
        stdin: what every task gets as its input.
        progress: asked now and then whether to stop.

    Raises:
        ShellRefused, LoginRefused, HostKeyChanged, Unreachable: there is no way in.
        ConnectionLost, TimedOut, Cancelled: with one task, what kept the command from its end.
        CloudError: the cloud refused or could not be reached.
    """
    found = targets(
        job,
        task=task,
        all_tasks=all_tasks,
        transport=transport,
        options=options,
        cloud=cloud,
        progress=progress,
    )
    kept = [{"stdout": bytearray(), "stderr": bytearray()} for _ in found]

    async def out(number: int, stream: Stream, data: bytes) -> None:
        into = kept[number][stream]
        into += data[: max(0, KEPT - len(into))]

    done = run(
        found,
        command=command,
        process_env=process_env,
        stdin=stdin,
        out=out,
        timeout=timeout,
        fail_fast=fail_fast,
        check=progress.check,
    )
    return Executed(
        done.exit_code,
        tuple(
            TaskOutput(one.task, one.exit_code, one.signal, one.error, *map(_text, said.values()))
            for one, said in zip(done.tasks, kept, strict=True)
        ),
    )


def _text(data: bytearray) -> str:
    return data.decode("utf-8", "replace")


def process_environments(found: Sequence[Target]) -> list[ProcessEnvironment]:
    """The environments of the training processes.

    Raises:
        ShellRefused: one has no training process that could be read.
        ModelArtsNbError: one cannot be reached.
    """
    kept = [bytearray() for _ in found]

    async def out(number: int, stream: str, data: bytes) -> None:
        if stream == "stdout":
            kept[number] += data

    done = running.run(found, SHOW, out=out, watch=Audit())
    return [
        read(one.task, bytes(data), result.exit_code if result.exit_code is not None else 1)
        for one, data, result in zip(found, kept, done.tasks, strict=True)
    ]


def copy(
    source: str,
    target: str,
    *,
    transport: Kind | None = None,
    kubeconfig: str | None = None,
    context: str | None = None,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Copied:
    """Copy a file or folder to or from a task.

    Args:
        source, target: ``JOB[:TASK]:PATH`` the one, a path here the other.
        transport, kubeconfig, context: see ``targets``.

    Raises:
        UsageError: none of the two is in a job, or both.
        ModelArtsNbError: see ``shell.copying``; nothing half-copied is left.
    """
    there, here = place_of(source), place_of(target)
    fetching = there.job is not None
    if fetching:
        remote, local = there, here
    else:
        remote, local = here, there
    if remote.job is None or local.job is not None:
        raise UsageError(
            "One of the two must be in a job, and the other here.",
            hint="`ma shell cp demo:/cache/log.txt .`, `ma shell cp data demo:worker-0:/cache/`. A "
            "path here with a colon in it begins with ./",
        )
    progress.phase("connecting")
    options = ExecOptions(kubeconfig=kubeconfig, context=context)
    [found] = targets(
        remote.job,
        task=remote.task,
        transport=transport,
        options=options,
        cloud=cloud,
        progress=progress,
    )
    watch = Audit()
    if fetching:
        return copying.fetch(found, remote.path, local.path, progress=progress, watch=watch)
    return copying.send(found, local.path, remote.path, progress=progress, watch=watch)
