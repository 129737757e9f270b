"""``ma job ...``: training jobs, what they say, what they use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from modelarts_nb.cli import show_jobs
from modelarts_nb.cli.command import Command, Group, ask, current_output, do, need
from modelarts_nb.cli.completion import job_names, job_phases, job_tasks, pool_names
from modelarts_nb.progress import Progress

JOB = click.argument("job", metavar="JOB", shell_complete=job_names)
TASKS = click.option(
    "--task", "tasks", multiple=True, metavar="TASK", shell_complete=job_tasks,
    help="As worker-0; may be repeated.",
)  # fmt: skip


@click.group(cls=Group)
def job() -> None:
    """Training jobs: list, show, logs, events, metrics, submit, stop."""


@job.command(
    "list",
    cls=Command,
    show=show_jobs.jobs,
    examples=(
        "ma job list",
        "ma job list --phase running --phase pending",
        "ma job list --pool demo-pool --limit 0",
        "ma job list --offset 50                    the next page",
    ),
)
@click.option("--name", help="A part of the name.")
@click.option(
    "--phase", multiple=True, metavar="PHASE", shell_complete=job_phases,
    help="As Running; may be repeated.",
)  # fmt: skip
@click.option("--user", help="A part of the user's name.")
@click.option(
    "--pool", shell_complete=pool_names, help="The name or id of a dedicated pool, or 'public'."
)
@click.option("--workspace", metavar="ID", help="Of another workspace than the default one.")
@click.option("--limit", type=click.IntRange(min=0), help="At most so many (default 50; 0: all).")
@click.option("--offset", type=click.IntRange(min=0), help="Leave out so many of the newest.")
def list_(**options: Any) -> Any:
    """Jobs that fit every option, the newest first."""
    from modelarts_nb.jobs.listing import LIMIT

    found = ask("job.list", **options)
    limit = LIMIT if options["limit"] is None else options["limit"]
    output = current_output()
    if limit and len(found) == limit and not output.as_json and output.style != "ndjson":
        following = (options["offset"] or 0) + limit
        click.echo(f"There may be more: --offset {following}, or --limit 0.", err=True)
    return found


@job.command(cls=Command, show=show_jobs.job, examples=("ma job show mine",))
@JOB
def show(job: str) -> Any:
    """Everything about a job: its id or name."""
    return ask("job.show", job=job)


@job.command(
    cls=Command,
    show=show_jobs.lines,
    examples=(
        "ma job logs mine",
        "ma job logs mine --task worker-1 --lines 500",
        "ma job logs mine --all-tasks -f",
    ),
)
@JOB
@TASKS
@click.option("--all-tasks", is_flag=True, default=None, help="Of all tasks.")
@click.option(
    "--lines", type=click.IntRange(min=0), metavar="N",
    help="So many of each task that are there already (default 50; 0: all).",
)  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on until the job has ended.")
def logs(follow: bool, **options: Any) -> Any:
    """What a job says: the first task's newest lines, unless tasks are named."""
    if follow:
        _follow({key: value for key, value in options.items() if value is not None})
        return None
    found = ask("job.logs", **options)
    output = current_output()
    if not found and not output.as_json and output.style != "ndjson":
        click.echo("It has said nothing yet.", err=True)
        return None
    return found


def _follow(options: dict[str, Any]) -> None:
    """Print lines as they come. Ctrl-C ends it without a word, as it does for ``tail -f``."""
    from modelarts_nb import jobs, wire
    from modelarts_nb.cli.streams import NdjsonProgress, PlainProgress
    from modelarts_nb.errors import Cancelled

    output = current_output()
    programs = output.style == "ndjson"
    progress: Progress = NdjsonProgress() if programs else PlainProgress()
    marks: show_jobs.Marks | None = None
    try:
        for line in jobs.follow(**options, progress=progress):
            if programs:
                progress.log(line.text)
            elif output.as_json:
                click.echo(wire.dumps(line))
            else:
                # Asked when there is a line: until then the job need not have its tasks.
                marks = marks or show_jobs.Marks(
                    _followed(options), colours=show_jobs.coloured(sys.stdout)
                )
                click.echo(marks.line(line), color=True)
    except KeyboardInterrupt:
        click.get_current_context().exit(Cancelled.exit_code)
    if output.as_json and not programs:
        click.get_current_context().exit(0)  # everything is printed


def _followed(options: dict[str, Any]) -> list[str]:
    """The names of the tasks that are followed; one of them needs no mark."""
    if not options.get("all_tasks"):
        return list(options["tasks"])
    return [task.name for task in ask("job.show", job=options["job"]).tasks]


@job.command(
    cls=Command,
    show=show_jobs.events,
    examples=("ma job events mine", "ma job events mine --level Error"),
)
@JOB
@click.option(
    "--level", type=click.Choice(["Info", "Warning", "Error"], case_sensitive=False),
    help="Only of this one.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), help="At most so many, the newest.")
def events(**options: Any) -> Any:
    """What happened to a job, the oldest first."""
    return ask("job.events", **options)


@job.command(cls=Command, show=show_jobs.metrics, examples=("ma job metrics mine",))
@JOB
@TASKS
def metrics(**options: Any) -> Any:
    """What the tasks use, in percent: one value a minute."""
    return ask("job.metrics", **options)


@job.command(
    cls=Command,
    show=show_jobs.submitted,
    examples=(
        "ma job submit job.yaml",
        "ma job submit job.yaml --name again --param epochs=20 --dry-run",
        "ma job submit --name mine --image team/torch:2 --pool demo-pool --nodes 2 \\",
        "    --code obs://bucket/code/ --command 'python ${MA_JOB_DIR}/code/train.py'",
    ),
)
@click.argument(
    "file", required=False, type=click.Path(dir_okay=False), metavar="[FILE]"
)  # fmt: skip
@click.option("--name", help="Of the job: letters, digits, - and _.")
@click.option("--description", help="What it is for.")
@click.option("--workspace", metavar="ID", help="Another workspace than the default one.")
@click.option("--engine", metavar="ENGINE", help="A built-in one: its id, or NAME:VERSION.")
@click.option("--image", help="Your own image in SWR, instead of an engine.")
@click.option("--code", metavar="URL", help="The folder in OBS that is copied in.")
@click.option("--boot", metavar="FILE", help="The Python file in the code folder that is run.")
@click.option("--command", metavar="LINE", help="What a shell runs, instead of a boot file.")
@click.option("--workdir", metavar="PATH", help="Where it starts in the container.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=URL",
              help="A folder in OBS that is copied in; becomes --NAME=PATH.")  # fmt: skip
@click.option("--output", "outputs", multiple=True, metavar="NAME=URL",
              help="A folder in OBS that is copied out to; becomes --NAME=PATH.")  # fmt: skip
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Becomes --NAME=VALUE.")  # fmt: skip
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable.")
@click.option("--pool", shell_complete=pool_names, help="A dedicated pool: its name or id.")
@click.option("--flavor", help="A flavor of the public pool, instead of a dedicated one.")
@click.option("--nodes", type=click.IntRange(min=1), help="How many (default 1).")
@click.option("--volume", "volumes", multiple=True, metavar="SERVER:/FOLDER:/PATH[:ro]",
              help="An SFS Turbo folder at a path in the containers.")  # fmt: skip
@click.option("--key-pair", "key_pairs", multiple=True, metavar="NAME",
              help="Opens the SSH endpoint; without this yours do.")  # fmt: skip
@click.option("--no-ssh", is_flag=True, help="No SSH endpoint: no `ma shell` through SSH.")
@click.option("--log", metavar="URL", help="The folder in OBS that logs are copied to.")
@click.option("--hours", type=click.IntRange(min=1), help="After so many it is stopped.")
@click.option("--retries", type=click.IntRange(min=1), help="Run it so often again after a fault.")
@click.option("--wait", is_flag=True, default=None, help="Follow it until it runs.")
@click.option("--dry-run", is_flag=True, default=None, help="Print the request, send nothing.")
def submit(file: str | None, no_ssh: bool, **options: Any) -> Any:
    """Submit a training job from a YAML FILE, from options, or from both: options win.

    Keys of the file are the long names of the options, with inputs, outputs, parameters and env as
    maps, volumes and key_pairs as lists. Where you have a key pair the job gets an SSH endpoint, so
    that `ma shell` can enter its containers.
    """
    for key in ("inputs", "outputs", "parameters", "env"):
        options[key] = _pairs(key, options[key]) or None
    return do(
        "job.submit",
        file=str(Path(file).resolve()) if file else None,
        ssh=False if no_ssh else None,
        **options,
    )


def _pairs(what: str, given: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` by name."""
    for text in given:
        need("=" in text, f"{what}: {text[:100]!r} is not NAME=VALUE.")
    return dict(text.split("=", 1) for text in given)


@job.command(cls=Command, show=show_jobs.job, examples=("ma job stop mine",))
@JOB
@click.option("--no-wait", is_flag=True, help="Return at once; do not follow it.")
def stop(job: str, no_wait: bool) -> Any:
    """Stop a job and follow it until it has stopped."""
    return do("job.stop", job=job, wait=False if no_wait else None)
