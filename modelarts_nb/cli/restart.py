"""``ma restore``, ``ma hook ...`` and ``ma keep``: what makes a restart invisible."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, ask, do, need


@click.command(cls=Command, show=show.restored)
@click.option("--also-owner", multiple=True, metavar="NAME", help="Somebody else's kernels too.")
def restore(also_owner: tuple[str, ...]) -> Any:
    """Bring back kernels, names and settings now, as the hook does at container start."""
    return do("restore", also_owners=also_owner)


@click.group(cls=Group)
def hook() -> None:
    """Put the tool and the restart hook on the disk."""


@hook.command(cls=Command, show=show.hook_installed, examples=("ma hook install",))
@click.option("--wheel", type=click.Path(), help="The modelarts_nb wheel to install from.")
@click.option("-c", "--channel", "channels", multiple=True, help="Where Python comes from.")
def install(**options: Any) -> Any:
    """Install the tool and the hook on the disk; print the command to register."""
    return do("hook.install", **options)


@hook.command("status", cls=Command, show=show.hook_status)
@click.option("--command", is_flag=True, help="Print the command to register, nothing else.")
def status(command: bool) -> Any:
    """Is the hook installed and unaltered, and what did its last run do?"""
    found = ask("hook.status")
    return (found.command or "") if command else found


@click.command(
    cls=Command,
    show=show.kept,
    examples=("ma keep", "ma keep ~/.gitconfig ~/.condarc", "ma keep --drop ~/.gitconfig"),
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--drop", is_flag=True, help="Do not keep them any more.")
@click.option("--secret", is_flag=True, help="Yes, keep it although it looks like a secret.")
def keep(paths: tuple[str, ...], drop: bool, secret: bool) -> Any:
    """Home settings that survive a restart. Without PATHS: what is kept, and what could be."""
    need(paths or not drop, "Say what not to keep any more.", "`ma keep` shows what is kept.")
    if not paths:
        return ask("keep.list")
    if drop:
        return do("keep.drop", paths=paths)
    return do("keep.add", paths=paths, secret=secret or None)
