"""``ma notebook ...`` and ``ma cloud ...``: the instance itself, without leaving it."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show_cloud
from modelarts_nb.cli.command import Command, Group, ask, confirm, do
from modelarts_nb.cli.completion import notebook_names, notebook_statuses

NOTEBOOK = click.argument(
    "name", metavar="[NOTEBOOK]", required=False, shell_complete=notebook_names
)
NO_WAIT = click.option("--no-wait", is_flag=True, help="Return at once; do not follow it.")


@click.group(cls=Group)
def notebook() -> None:
    """List, show, start, stop and keep alive notebook instances."""


@notebook.command(
    "list",
    cls=Command,
    show=show_cloud.notebooks,
    examples=(
        "ma notebook list",
        "ma notebook list --status stopped --image pytorch",
        "ma notebook list --all --created-after 2026-05-01",
    ),
)
@click.option("--name", help="A part of the name.")
@click.option("--id", help="The id.")
@click.option(
    "--status",
    multiple=True,
    metavar="STATUS",
    help="As running or stopped; may be repeated.",
    shell_complete=notebook_statuses,
)
@click.option("--image", help="A part of the image's name or path, or its id.")
@click.option("--flavor", help="A part of the flavor's name.")
@click.option("--description", help="A part of the description.")
@click.option("--created-after", metavar="TIME", help="As 2026-05-31 or 2026-05-31T08:00 (UTC).")
@click.option("--created-before", metavar="TIME", help="As 2026-05-31 or 2026-05-31T08:00 (UTC).")
@click.option("--workspace", metavar="ID", help="Of this workspace (the service's default: 0).")
@click.option(
    "--all",
    "all_users",
    is_flag=True,
    default=None,
    help="Everybody's in the project; takes the right listAllNotebooks.",
)
def list_(**options: Any) -> Any:
    """Notebooks that fit every option, the newest first."""
    return ask("notebook.list", **options)


@notebook.command(cls=Command, show=show_cloud.notebook, examples=("ma notebook show mine",))
@NOTEBOOK
def show(name: str | None) -> Any:
    """Everything about a notebook: its id or name; without one this notebook."""
    return ask("notebook.show", notebook=name)


@notebook.command(
    cls=Command,
    show=show_cloud.notebook,
    examples=("ma notebook start mine", "ma notebook start mine --hours 8"),
)
@NOTEBOOK
@click.option("--hours", type=float, help="After so many it stops by itself (1 to 72).")
@click.option("--idle", is_flag=True, help="Count the hours only while nothing runs in it.")
@NO_WAIT
def start(name: str | None, hours: float | None, idle: bool, no_wait: bool) -> Any:
    """Start a notebook and follow it until it runs."""
    lease = "idle" if idle else None
    wait = False if no_wait else None
    return do("notebook.start", notebook=name, hours=hours, lease=lease, wait=wait)


@notebook.command(cls=Command, show=show_cloud.notebook, examples=("ma notebook stop mine",))
@NOTEBOOK
@NO_WAIT
@click.option("--yes", is_flag=True, help="Do not ask when it is this notebook.")
def stop(name: str | None, no_wait: bool, yes: bool) -> Any:
    """Stop a notebook and follow it until it has stopped."""
    if not yes and _is_this(name):
        confirm(yes, "Stop this very notebook, with everything that runs in it?")
    return do("notebook.stop", notebook=name, wait=False if no_wait else None)


def _is_this(name: str | None) -> bool:
    """Is it the notebook that we run in, however it is named?"""
    from modelarts_nb.cloud.place import find_place

    own = find_place().instance
    return name is None or (bool(own) and own in (name, ask("notebook.show", notebook=name).id))


@notebook.command(
    "keep-alive",
    cls=Command,
    show=show_cloud.lease,
    examples=("ma notebook keep-alive", "ma notebook keep-alive mine --hours 12"),
)
@NOTEBOOK
@click.option("--hours", type=float, help="From now on, 1 to 72 (default 1).")
@click.option("--idle", is_flag=True, help="Count them only while nothing runs in it.")
def keep_alive(name: str | None, hours: float | None, idle: bool) -> Any:
    """Let a notebook run on for so many hours from now; longer, if it does anyway."""
    return do("notebook.keep_alive", notebook=name, hours=hours, kind="idle" if idle else None)


@notebook.command(cls=Command, show=show_cloud.lease, examples=("ma notebook lease",))
@NOTEBOOK
def lease(name: str | None) -> Any:
    """How long a notebook runs before it stops by itself."""
    return ask("notebook.lease", notebook=name)


@click.group(cls=Group)
def cloud() -> None:
    """Which cloud is used, and with which keys."""


@cloud.command(cls=Command, show=show_cloud.checked, examples=("ma cloud check",))
def check() -> Any:
    """Ask the cloud, and say with what it was asked."""
    return ask("cloud.check")
