"""``ma storage ...``: what is mounted under ``/data``, and the folders of SFS Turbo."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show_cloud
from modelarts_nb.cli.command import Command, Group, ask, do, need
from modelarts_nb.cli.completion import (
    notebook_names,
    share_names,
    storage_paths,
    storage_sources,
)

NOTEBOOK = click.option(
    "--notebook",
    metavar="NAME",
    help="Another notebook than this one: its name or id.",
    shell_complete=notebook_names,
)
# Nobody has an exabyte; infinity and "nan" are no numbers to compute with.
_MOST_GIGABYTES = 1e9
NO_WAIT = click.option("--no-wait", is_flag=True, help="Return at once; do not follow it.")
STORAGE = click.argument("storage", metavar="PATH", shell_complete=storage_paths)
SHARE = click.argument("share", metavar="SHARE", shell_complete=share_names)


@click.group(cls=Group)
def storage() -> None:
    """Mount and unmount storage (OBS, SFS Turbo) under /data while the notebook runs."""


@storage.command("list", cls=Command, show=show_cloud.storages, examples=("ma storage list",))
@NOTEBOOK
@click.option("--measure", is_flag=True, default=None, help="Also time a small write.")
def list_(**options: Any) -> Any:
    """What the cloud has mounted, and what this machine sees of it."""
    return ask("storage.list", **options)


@storage.command(cls=Command, show=show_cloud.storage, examples=("ma storage show /data/mine",))
@STORAGE
@NOTEBOOK
def show(**options: Any) -> Any:
    """One storage: its state, its space, how fast it answers."""
    return ask("storage.show", **options)


@storage.command(
    cls=Command,
    show=show_cloud.storage,
    examples=(
        "ma storage mount obs://bucket/folder/ /data/mine",
        "ma storage mount team-share:/team/data /data/team",
    ),
)
@click.argument("source", shell_complete=storage_sources)
@click.argument("path")
@click.option(
    "--category",
    type=click.Choice(["OBS", "OBSFS", "EFS"], case_sensitive=False),
    help="OBSFS (parallel file system, default for obs://), OBS, or EFS (SFS Turbo).",
)
@NOTEBOOK
@NO_WAIT
def mount(no_wait: bool, **options: Any) -> Any:
    """Mount SOURCE (obs://BUCKET/FOLDER/, or SHARE:/FOLDER with the id or name of an SFS Turbo file
    system) at PATH (/data/NAME) and follow it until it is there."""
    return do("storage.mount", **options, wait=False if no_wait else None)


@storage.command(cls=Command, show=show_cloud.storage, examples=("ma storage unmount /data/mine",))
@STORAGE
@NOTEBOOK
@NO_WAIT
def unmount(no_wait: bool, **options: Any) -> Any:
    """Take a storage away; what is in it stays where it is."""
    return do("storage.unmount", **options, wait=False if no_wait else None)


@storage.command(cls=Command, show=show_cloud.shares, examples=("ma storage shares",))
def shares() -> Any:
    """The project's SFS Turbo file systems."""
    return ask("storage.shares")


@storage.command(
    cls=Command, show=show_cloud.folders, examples=("ma storage folders team-share /team/data",)
)
@SHARE
@click.argument("paths", metavar="[FOLDER]...", nargs=-1)
def folders(**options: Any) -> Any:
    """Folders of a share that are known of, and which of them you may mount."""
    return ask("storage.folders", **options)


@storage.command(
    cls=Command, show=show_cloud.folder, examples=("ma storage mkdir team-share /team/new",)
)
@SHARE
@click.argument("path", metavar="FOLDER")
@click.option("--mode", help="Three octal digits (default 755).")
def mkdir(**options: Any) -> Any:
    """Make a folder of a share that the notebook's user may write to."""
    return do("storage.create_folder", **options)


@storage.command(
    cls=Command,
    show=show_cloud.folder,
    examples=("ma storage quota team-share /team/new --gigabytes 100 --files 1000000",),
)
@SHARE
@click.argument("path", metavar="FOLDER")
@click.option("--gigabytes", type=click.FloatRange(min=0.001), required=True, help="At most.")
@click.option("--files", type=click.IntRange(min=1), required=True, help="At most.")
def quota(gigabytes: float, files: int, **options: Any) -> Any:
    """Limit what a folder of a share may hold."""
    need(gigabytes <= _MOST_GIGABYTES, "That is no size.", "As in --gigabytes 100.")
    capacity = round(gigabytes * 1_000_000_000)
    return do("storage.set_quota", **options, capacity=capacity, inodes=files)
