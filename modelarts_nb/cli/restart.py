"""``ma restore``, ``ma hook ...`` and ``ma keep``: what makes a restart invisible."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show, show_cloud
from modelarts_nb.cli.command import Command, Group, ask, do, need
from modelarts_nb.cli.completion import notebook_names

NOTEBOOK = click.option(
    "--notebook",
    metavar="NAME",
    help="Another notebook than this one: its name or id.",
    shell_complete=notebook_names,
)


@click.command(cls=Command, show=show.restored)
@click.option("--also-owner", multiple=True, metavar="NAME", help="Somebody else's kernels too.")
def restore(also_owner: tuple[str, ...]) -> Any:
    """Bring back kernels, names and settings now, as the hook does at container start."""
    return do("restore", also_owners=also_owner)


@click.group(cls=Group)
def hook() -> None:
    """The restart hook: install and register it, look at it, take it out."""


@hook.command(
    cls=Command,
    show=show.hook_installed,
    examples=("ma hook install", "ma hook install --replace", "ma hook install --no-register"),
)
@click.option("--wheel", type=click.Path(), help="The modelarts_nb wheel to install from.")
@click.option("-c", "--channel", "channels", multiple=True, help="Where Python comes from.")
@click.option("--register/--no-register", default=None, help="Register it too (default: yes).")
@click.option(
    "--replace",
    is_flag=True,
    default=None,
    help="Register it although the service does not show whether somebody else's hook is there.",
)
@NOTEBOOK
def install(**options: Any) -> Any:
    """Install the tool and the hook on the disk and register the hook with the notebook.

    Where the cloud cannot be asked, the command to register by hand is printed.
    """
    return do("hook.install", **options)


@hook.command("status", cls=Command, show=show.hook_status, examples=("ma hook status",))
@click.option("--command", is_flag=True, help="Print the command to register, nothing else.")
@NOTEBOOK
def status(command: bool, notebook: str | None) -> Any:
    """Is the hook installed and unaltered, what did its last run do, will the next start run it?"""
    if command:
        from modelarts_nb.errors import NotFound

        if text := ask("hook.status").command:
            return text
        raise NotFound("The hook is not on the disk.", hint="`ma hook install` puts it there.")
    return ask("hook.status", registration=True, notebook=notebook)


@hook.command(cls=Command, show=show_cloud.unregistered, examples=("ma hook remove",))
@click.option(
    "--replace",
    is_flag=True,
    default=None,
    help="Remove it although the service does not show whether somebody else's hook is there.",
)
@NOTEBOOK
def remove(**options: Any) -> Any:
    """Take our hook out of the notebook's hooks; others stay."""
    return do("hook.remove", **options)


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
