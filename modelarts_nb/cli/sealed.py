"""``ma env seal`` and the other verbs of sealed environments."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show, show_sealed
from modelarts_nb.cli.command import Command, Group, ask, do, need
from modelarts_nb.cli.completion import (
    environment_names,
    sealed_names,
    source_labels,
    version_numbers,
)

NAME = click.argument("name", shell_complete=sealed_names)
WHY = click.option("-m", "--why", metavar="TEXT", help="What to remember of this version.")
PATH = click.Path()


@click.command(
    cls=Command,
    show=show_sealed.sealed,
    examples=("ma env seal mine", "ma env seal mine -m 'torch 2.1, works'"),
)
@click.argument("name", shell_complete=environment_names)
@WHY
@click.option("--level", type=int, help="How hard to compress (1 to 22, default 2).")
def seal(**options: Any) -> Any:
    """Make the environment NAME one image file, which runs from the local disk.

    On a slow disk it starts several times faster, has versions, and is cloned in no time. The
    folder goes to the bin; `ma env open NAME` makes it one again.
    """
    return do("env.seal", **options)


@click.command(
    "open",
    cls=Command,
    show=show.made,
    examples=("ma env open mine", "ma env open mine --prefix /tmp/mine --version 2"),
)
@NAME
@click.option("--prefix", type=PATH, help="A folder anywhere; the environment stays sealed.")
@click.option(
    "--version", "number", type=int, shell_complete=version_numbers, help="Default: the newest."
)
def open_(**options: Any) -> Any:
    """Make the sealed environment NAME a folder on the disk again; its versions stay."""
    return do("env.open", **options)


@click.command(cls=Command, show=show_sealed.versions, examples=("ma env versions mine --json",))
@NAME
def versions(name: str) -> Any:
    """The versions of the environment NAME, the newest first."""
    return ask("env.versions", name=name)


@click.command(
    cls=Command,
    show=show_sealed.difference,
    examples=("ma env diff mine", "ma env diff mine 1 3", "ma env diff mine 3 unsaved"),
)
@NAME
@click.argument("a", required=False, shell_complete=version_numbers)
@click.argument("b", required=False, shell_complete=version_numbers)
def diff(name: str, a: str | None, b: str | None) -> Any:
    """Packages and files that differ from version A to B.

    Without B: to the newest. Without A, too: what the newest changed. `unsaved` is the local copy.
    """
    return ask("env.diff", name=name, a=a, b=b)


@click.command(
    cls=Command,
    show=show_sealed.version,
    examples=("ma env rollback mine", "ma env rollback mine 2 -m 'numpy 2 broke it'"),
)
@NAME
@click.argument(
    "number", metavar="[VERSION]", type=int, required=False, shell_complete=version_numbers
)
@WHY
def rollback(**options: Any) -> Any:
    """Make the environment NAME what it was in VERSION (default: the one before).

    That is a new version: nothing is lost, and it can be undone. Kernels that run keep their files.
    """
    return do("env.rollback", **options)


@click.command(
    cls=Command,
    show=show_sealed.saved,
    examples=("ma env save mine -m 'with transformers'", "ma env save --all"),
)
@click.argument("name", required=False, shell_complete=sealed_names)
@WHY
@click.option("--all", "everything", is_flag=True, help="All that have unsaved work here.")
def save(name: str | None, why: str | None, everything: bool) -> Any:
    """Write what was installed or changed in the local copy of NAME as a new version.

    It takes about as much space as what changed.
    """
    need(bool(name) != everything, "Say what to save: NAME or --all.", "`ma env save mine`")
    if everything:
        return do("env.save_all", why=why)
    return do("env.save", name=name, why=why)


@click.command(cls=Command, show=show.made, examples=("ma env undo mine",))
@click.argument("name", shell_complete=environment_names)
def undo(name: str) -> Any:
    """Take the last change of the environment NAME back; again: have it again.

    Of a sealed one what is unsaved (it is saved first), else the last version; of an open one the
    last install or uninstall.
    """
    return do("env.undo", name=name)


@click.command(
    cls=Command,
    show=show_sealed.filled,
    examples=("ma env fill mine", "ma env fill mine --version 2", "ma env fill --all"),
)
@click.argument("name", required=False, shell_complete=sealed_names)
@click.option(
    "--version", "number", type=int, shell_complete=version_numbers, help="Default: the newest."
)
@click.option("--all", "everything", is_flag=True, help="All that are kernels, last used first.")
def fill(name: str | None, number: int | None, everything: bool) -> Any:
    """Bring the sealed environment NAME to the local disk, so that its kernel starts at once."""
    need(bool(name) != everything, "Say what to fill: NAME or --all.", "`ma env fill mine`")
    if everything:
        need(number is None, "A version is one environment's.", "`ma env fill NAME --version N`")
        return do("env.fill_all")
    return do("env.fill", name=name, number=number)


@click.command(cls=Command, show=show_sealed.garbage, examples=("ma env gc", "ma env gc --yes"))
@click.option("--yes", is_flag=True, default=None, help="Delete them; without: only say which.")
def gc(yes: bool | None) -> Any:
    """Images that no version needs and no running kernel uses."""
    return do("env.gc", yes=yes)


@click.group(cls=Group)
def sources() -> None:
    """Folders with sealed environments of team mates, to clone from."""


@sources.command("list", cls=Command, show=show_sealed.sources)
def sources_list() -> Any:
    """All sources and what they offer."""
    return ask("env.sources")


@sources.command(
    cls=Command, show=show_sealed.source, examples=("ma env sources add /data/team/work",)
)
@click.argument("path", type=PATH)
def add(path: str) -> Any:
    """Add the folder PATH, which has `sealed` and `images` (or a disk whose `envs` has)."""
    return do("env.add_source", path=path)


@sources.command(cls=Command, show=show_sealed.source_removed)
@click.argument("source", shell_complete=source_labels)
def remove(source: str) -> Any:
    """Use SOURCE (its name or folder) no more."""
    return do("env.remove_source", source=source)


#: What ``ma env`` gets.
COMMANDS = (seal, open_, save, versions, diff, rollback, undo, fill, gc, sources)
