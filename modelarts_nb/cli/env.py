"""``ma env ...``: the verbs of environments."""

from __future__ import annotations

from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, ask, do, need
from modelarts_nb.cli.completion import environment_names, source_names

NAME = click.argument("name", shell_complete=environment_names)
NEW_NAME = click.argument("new_name", metavar="NEW-NAME")
KERNEL = click.option(
    "--kernel/--no-kernel", default=None, help="Register a Jupyter kernel (default: yes)."
)
CHANNELS = click.option(
    "-c", "--channel", "channels", multiple=True, help="Where packages come from; may be repeated."
)
DRY_RUN = click.option("--dry-run", is_flag=True, default=None, help="Only say what would happen.")
PATH = click.Path()


@click.group(cls=Group)
def env() -> None:
    """Make, copy, pack, share and mend conda environments on the persistent disk."""


@env.command("list", cls=Command, show=show.environments, examples=("ma env list --json",))
def list_() -> Any:
    """Environments on the disk, and those of the image, which a restart loses."""
    return ask("env.list")


@env.command("show", cls=Command, show=show.environment)
@click.argument("name", shell_complete=source_names)
def show_(name: str) -> Any:
    """Everything known about one environment."""
    return ask("env.show", name=name)


@env.command(
    cls=Command,
    show=show.made,
    examples=(
        "ma env create mine --python 3.11 numpy pandas",
        "ma env create mine --file environment.yml",
    ),
)
@click.argument("name")
@click.argument("specs", nargs=-1)
@click.option("-f", "--file", type=PATH, help="An environment.yml; its pip section counts.")
@click.option("--python", metavar="VERSION", help="Python's version, as in 3.11.")
@CHANNELS
@click.option(
    "--engine",
    type=click.Choice(["rattler", "conda"]),
    default=None,
    help="Who installs: rattler (default, needs no conda) or the conda that is installed.",
)
@KERNEL
@DRY_RUN
def create(**options: Any) -> Any:
    """Make an environment NAME from packages (SPECS), a file, or both."""
    return do("env.create", **options)


@env.command(
    cls=Command,
    show=show.made,
    examples=("ma env clone PyTorch-1.8 mine", "ma env clone /opt/conda/envs/torch torch"),
)
@click.argument("source", shell_complete=source_names)
@click.argument("name")
@click.option(
    "--link",
    is_flag=True,
    default=None,
    help="Share the files with SOURCE (hard links) instead of copying them: takes seconds and no "
    "space. conda and pip replace files, so installing stays safe; a file edited in place is "
    "edited in both. Needs one file system.",
)
@KERNEL
def clone(**options: Any) -> Any:
    """Copy the environment SOURCE (a name or a folder) to the disk as NAME."""
    return do("env.clone", **options)


@env.command(
    cls=Command,
    show=show.packed,
    examples=("ma env pack mine", "ma env pack mine -o mine.tar.gz --ignore-editable-packages"),
)
@NAME
@click.option("-o", "--output", type=PATH, help="The file; its suffix is the format.")
@click.option("--format", type=click.Choice(["tar.zst", "tar.gz", "tar", "squashfs"]), default=None)
@click.option("--level", type=int, help="How hard to compress (zstd: 1 to 22, default 2).")
@click.option("--threads", type=int, help="How many compress at once (default: one each core).")
@click.option("--ignore-editable-packages", is_flag=True, default=None)
@click.option("--ignore-missing-files", is_flag=True, default=None)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave files out.")
@DRY_RUN
def pack(dry_run: bool | None, **options: Any) -> Any:
    """Write the environment NAME to one file that can be carried elsewhere."""
    if dry_run:
        asked = ("name", "exclude", "ignore_editable_packages", "ignore_missing_files")
        return ask("pack.preflight", **{key: options[key] for key in asked})
    return do("env.pack", **options)


@env.command(
    cls=Command,
    show=show.made,
    examples=("ma env unpack mine.tar.zst mine", "ma env unpack mine.tar.gz --prefix /opt/mine"),
)
@click.argument("file", type=PATH)
@click.argument("name", required=False)
@click.option("--prefix", type=PATH, help="A folder instead of a name on the disk.")
@KERNEL
def unpack(**options: Any) -> Any:
    """Make the environment NAME from an archive (ours, or one of conda-pack)."""
    need(
        bool(options["name"]) != bool(options["prefix"]),
        "Say where to unpack to: NAME or --prefix FOLDER, one of the two.",
        "For example `ma env unpack mine.tar.zst mine`.",
    )
    return do("env.unpack", **options)


@env.command(cls=Command, show=show.removed)
@NAME
def remove(name: str) -> Any:
    """Move the environment NAME to the bin; `ma bin restore` brings it back."""
    return do("env.remove", name=name)


@env.command(cls=Command, show=show.made)
@NAME
@NEW_NAME
def rename(name: str, new_name: str) -> Any:
    """Give the environment NAME another name."""
    return do("env.rename", name=name, new=new_name)


@env.command(cls=Command, show=show.registered)
@NAME
def register(name: str) -> Any:
    """Offer the environment NAME as a Jupyter kernel, also after restarts."""
    return do("env.register", name=name)


@env.command(cls=Command, show=show.registered)
@NAME
def unregister(name: str) -> Any:
    """Do not offer the environment NAME as a Jupyter kernel any more."""
    return do("env.unregister", name=name)


@env.command(
    cls=Command,
    show=show.made,
    examples=("ma env install mine 'numpy>=1.26'", "ma env install mine --pip requests"),
)
@NAME
@click.argument("specs", nargs=-1)
@click.option("--pip", multiple=True, metavar="PACKAGE", help="Install with pip; may be repeated.")
@CHANNELS
@DRY_RUN
def install(**options: Any) -> Any:
    """Install packages into the environment NAME; all of them or nothing."""
    need(options["specs"] or options["pip"], "Say what to install.", "`ma env install mine numpy`")
    return do("env.install", **options)


@env.command(cls=Command, show=show.made)
@NAME
@click.argument("specs", nargs=-1, required=True)
@DRY_RUN
def uninstall(**options: Any) -> Any:
    """Remove packages from the environment NAME; all of them or nothing."""
    return do("env.uninstall", **options)


@env.command(
    cls=Command,
    show=show.warmed,
    examples=("ma env warm mine", "ma env warm --all", "ma env warm mine --remove"),
)
@click.argument("name", required=False, shell_complete=environment_names)
@click.option("--all", is_flag=True, help="All environments, the last used first.")
@click.option("--remove", is_flag=True, default=None, help="Give the local disk's space back.")
def warm(**options: Any) -> Any:
    """Copy what kernels of NAME need first to the local disk, where the disk is slow."""
    return do("env.warm", **options)


@env.command(cls=Command, show=show.packages)
@click.argument("name", shell_complete=source_names)
def packages(name: str) -> Any:
    """Installed packages, conda's and pip's."""
    return ask("env.packages", name=name)


@env.command(
    cls=Command,
    show=str,
    examples=("ma env export mine > environment.yml", "ma env export mine --format lock"),
)
@click.argument("name", shell_complete=source_names)
@click.option("--format", type=click.Choice(["yaml", "lock"]), default=None)
def export(name: str, format: str | None) -> Any:
    """Print an environment.yml, or an exact lock."""
    return ask("env.export", name=name, format=format)


@env.command(cls=Command, show=show.findings, examples=("ma env check mine --fix",))
@NAME
@click.option("--deep", is_flag=True, default=None, help="Compare every file with its record.")
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
def check(name: str, deep: bool | None, fix: bool) -> Any:
    """Is the environment healthy? Every finding comes with its fix."""
    if fix:
        return do("env.fix", name=name, deep=deep)
    return ask("env.check", name=name, deep=deep)
