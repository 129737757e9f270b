"""``ma archive ...`` and ``ma bin ...``: what was packed, and what was removed."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, ask, confirm, do
from modelarts_nb.cli.completion import archive_files, bin_entries

YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(cls=Group)
def archive() -> None:
    """Packed environments on the disk."""


@archive.command("list", cls=Command, show=show.archives)
def archive_list() -> Any:
    """Archives on the disk, the newest first."""
    return ask("archive.list")


@archive.command("remove", cls=Command, show=show.done)
@click.argument("name", metavar="FILE", shell_complete=archive_files)
@YES
def archive_remove(name: str, yes: bool) -> Any:
    """Delete an archive and its manifest for good."""
    confirm(yes, f"Delete {name} for good?")
    return do("archive.remove", name=name)


@click.group("bin", cls=Group)
def bin_() -> None:
    """Removed environments, kept for a week."""


@bin_.command("list", cls=Command, show=show.bin_)
def bin_list() -> Any:
    """What is in the bin."""
    return ask("bin.list")


@bin_.command(
    cls=Command,
    show=show.made,
    examples=("ma bin restore mine", "ma bin restore mine --as before"),
)
@click.argument("entry", shell_complete=bin_entries)
@click.option("--as", "--name", "name", metavar="NAME", help="Bring it back under another name.")
def restore(entry: str, name: str | None) -> Any:
    """Bring a removed environment back: ENTRY is its name, or a line of `ma bin list`."""
    return do("bin.restore", entry=entry, name=name)


@bin_.command(cls=Command, show=show.emptied)
@click.option("--older-than", "days", type=int, default=0, help="Only what is that many days old.")
@YES
def empty(days: int, yes: bool) -> Any:
    """Delete removed environments for good."""
    confirm(yes, "Delete what is in the bin for good?")
    return do("bin.empty", days=days)
