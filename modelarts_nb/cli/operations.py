"""``ma operation ...``: long work, whoever started it: the panel, a notebook or a terminal."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, ask
from modelarts_nb.cli.completion import operation_ids, running_ids


@click.group(cls=Group)
def operation() -> None:
    """See and cancel long work, whichever face started it."""


@operation.command("list", cls=Command, show=show.operations)
def list_() -> Any:
    """What runs and what ran lately."""
    return ask("operation.list")


@operation.command("log", cls=Command, show=lambda value: value["text"])
@click.argument("id", shell_complete=operation_ids)
def log(id: str) -> Any:
    """The log of one operation."""
    return ask("operation.log", id=id)


@operation.command("cancel", cls=Command, show=show.done)
@click.argument("id", shell_complete=running_ids)
def cancel(id: str) -> Any:
    """Stop an operation; it leaves nothing behind."""
    return ask("operation.cancel", id=id)
