"""``ma shell JOB``: into the containers of a running job. ``ma shell cp``: files there and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from modelarts_nb.cli import show_shell
from modelarts_nb.cli.command import Command, current_output, do, need
from modelarts_nb.cli.completion import job_names, job_tasks

if TYPE_CHECKING:
    from modelarts_nb.shell.target import Target

TRANSPORT = click.option(
    "--transport", type=click.Choice(["ssh", "exec"]), help="Instead of the best there is."
)
KUBECONFIG = click.option(
    "--kubeconfig", metavar="FILE", help="Of the cluster of the dedicated pool, for exec."
)
CONTEXT = click.option("--context", help="Of the kubeconfig (default: the current one).")


class ShellCommand(Command):
    """``ma shell JOB``, with ``ma shell cp`` beside it: ``cp`` is no job."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **more: Any,
    ) -> click.Context:
        """Hand ``cp`` on; give ``--process-env`` its value, which it may do without."""
        if args[:1] == ["cp"]:
            return cp.make_context(f"{info_name} cp", args[1:], parent=parent, **more)
        end = args.index("--") if "--" in args else len(args)
        options = ["--process-env=show" if a == "--process-env" else a for a in args[:end]]
        return super().make_context(info_name, [*options, *args[end:]], parent=parent, **more)


@click.command(
    cls=ShellCommand,
    show=show_shell.environments,
    examples=(
        "ma shell mine                              a terminal in worker-0",
        "ma shell mine --task worker-1 -- nvidia-smi",
        "ma shell mine --all-tasks -- 'df -h /cache | tail -1'",
        "ma shell mine --process-env=apply -- python -m torch.utils.collect_env",
        "ma shell cp mine:/cache/out ./out          and `ma shell cp data mine:worker-1:/cache/`",
        "ma shell pod/NAME --endpoint URL --namespace N    a pod, as of an inference service",
    ),
)
@click.argument("job", metavar="JOB", shell_complete=job_names)
@click.argument("command", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--task", metavar="TASK", shell_complete=job_tasks, help="As worker-1 (default: the first)."
)
@click.option("--all-tasks", is_flag=True, help="The command in every task at once.")
@TRANSPORT
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="End it after S seconds.",
)
@click.option("--fail-fast", is_flag=True, help="The first task that fails ends the others.")
@click.option(
    "--process-env",
    type=click.Choice(["show", "apply"]),
    metavar="[=apply]",
    help="Show the training process's environment; =apply: run with it.",
)
@click.option(
    "--tty/--no-tty", default=None, help="With a terminal, or without (default: as here)."
)
@KUBECONFIG
@CONTEXT
@click.option("--namespace", help="Of the pods (default: the context's).")
@click.option("--pod", help="The task's pod, where it is not called as usual.")
@click.option("--container", help="Of the pod (default: the training container).")
@click.option(
    "--endpoint", metavar="URL", help="A cluster's API; its token in MODELARTS_NB_SHELL_TOKEN."
)
@click.option("--ca", metavar="FILE", help="The authority that signed the endpoint's certificate.")
def shell(
    job: str,
    command: tuple[str, ...],
    task: str | None,
    all_tasks: bool,
    transport: Any,
    timeout: float | None,
    fail_fast: bool,
    process_env: Any,
    tty: bool | None,
    **cluster: str | None,
) -> Any:
    """Open a shell in a task of a running JOB, or run a COMMAND there (one word: a line of shell).

    Without COMMAND and with input that is no terminal, the input is a script. The exit code is the
    command's; 128 + N by a signal, 124 after --timeout, 255 where the connection was lost. Of
    several tasks it is 0 if all are, else the highest. ~. at the beginning of a line leaves a
    session that hangs.
    """
    from modelarts_nb.operations import shell as shells
    from modelarts_nb.shell.choosing import ExecOptions
    from modelarts_nb.shell.commands import line_of

    line = line_of(command)
    need(
        process_env != "show" or line is None,
        "--process-env shows; it runs nothing.",
        "To run with it: --process-env=apply.",
    )
    found = shells.targets(
        job, task=task, all_tasks=all_tasks, transport=transport, options=ExecOptions(**cluster)
    )
    if process_env == "show":
        return shells.process_environments(found)
    output = current_output()
    programs = output.as_json or output.style == "ndjson"
    if not programs and _wants_terminal(found, line, tty):
        _say(f"{found[0].name} {found[0].task} over {found[0].transport}")
        done = shells.open_terminal(
            found[0], command=line, process_env=process_env, timeout=timeout, say=_say
        )
        _exit(done.code)
    need(tty is not True, "A terminal is for one task and a person.", "Leave --tty out.")
    options: dict[str, Any] = {"timeout": timeout, "fail_fast": fail_fast}
    if line is None:
        options["script"] = _script()
    elif len(found) == 1 or not _typed():
        options["stdin"] = _input()
    options |= {"command": line, "process_env": process_env}
    return (_for_programs if programs else _for_people)(found, options)


@click.command(
    "cp",
    cls=Command,
    show=show_shell.copied,
    examples=("ma shell cp mine:/cache/out .", "ma shell cp data mine:worker-1:/cache/"),
)
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@TRANSPORT
@KUBECONFIG
@CONTEXT
def cp(**options: Any) -> Any:
    """Copy a file or folder to or from a task: one side is JOB[:TASK]:PATH.

    It is there as a whole or not at all. Relative paths there begin at its home.
    """
    return do("shell.copy", **options)


def _wants_terminal(found: list[Target], line: str | None, tty: bool | None) -> bool:
    here = _typed() and sys.stdout.isatty()
    if tty is not None:
        need(here or not tty, "There is no terminal here.", "Leave --tty out.")
        return tty
    if line is None and here:
        need(len(found) == 1, "A terminal is for one task.", "Name it (--task), or give a command.")
    return here and len(found) == 1


def _script() -> bytes:
    from modelarts_nb.shell.commands import SCRIPT_LIMIT

    need(sys.stdin and not _typed(), "There is nothing to run.", "Give a command after `--`.")
    return sys.stdin.buffer.read(SCRIPT_LIMIT + 1)


def _typed() -> bool:
    """Is our input somebody's keyboard?"""
    return sys.stdin is not None and sys.stdin.isatty()


def _input() -> int | None:
    """The descriptor of our input; None where there is none (``<&-``)."""
    try:
        return sys.stdin.fileno() if sys.stdin is not None else None
    except (OSError, ValueError):
        return None


def _for_people(found: list[Target], options: dict[str, Any]) -> NoReturn:
    from modelarts_nb.operations import shell as shells
    from modelarts_nb.shell.running import colour_wanted

    many = len(found) > 1
    done = shells.run(found, prefixed=many, colour=colour_wanted(), **options)
    if many:
        click.echo(show_shell.outcome(done), err=True)
    _exit(done.exit_code)


def _for_programs(found: list[Target], options: dict[str, Any]) -> NoReturn:
    """Output as events (ndjson) or in the result (json); the exit code is the command's."""
    from modelarts_nb.cli.shell_events import Collected, Events
    from modelarts_nb.operations import shell as shells

    output = current_output()
    names = [target.task for target in found]
    heard = Events(names) if output.style == "ndjson" else Collected(names)
    done = shells.run(found, out=heard.out, **options)
    output.result(heard.result(done), show_shell.result)
    _exit(done.exit_code)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(text, err=True)


def _exit(code: int) -> NoReturn:
    click.get_current_context().exit(code)
