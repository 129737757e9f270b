"""``ma status``, ``ma config ...`` and ``ma completion``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelarts_nb.cli import show
from modelarts_nb.cli.command import Command, Group, ask, need
from modelarts_nb.errors import exit_code_of


def _disk_code(value: Any) -> int:
    """The exit code of any other command that needs the disk."""
    error = value.disk.error
    return exit_code_of(error["code"]) if error else 0


@click.command(cls=Command, show=show.status, exit_code=_disk_code)
def status() -> Any:
    """What survives a restart, how full the disk is, and what would be lost.

    Without a disk it says so, and its exit code is 5.
    """
    return ask("status")


@click.group(cls=Group)
def config() -> None:
    """The few settings there are."""


@config.command(cls=Command, show=show.done)
@click.argument("name")
def owner(name: str) -> Any:
    """Say who you are on a disk that several people share."""
    from modelarts_nb import config as settings
    from modelarts_nb.disk.persistent import find_owner

    find_owner(Path("/"), name)
    settings.save("PersistentDisk", "owner", name)
    return {"owner": name, "file": settings.config_file()}


@config.command("disk", cls=Command, show=show.done)
@click.argument("folder", type=click.Path())
def disk_(folder: str) -> Any:
    """Say where the persistent disk is."""
    from modelarts_nb import config as settings

    path = Path(folder).expanduser().absolute()
    need(path.is_dir(), f"{path} is not a folder.", "Attach the storage first.")
    settings.save("PersistentDisk", "root", str(path))
    return {"disk": path, "file": settings.config_file()}


@config.command("show", cls=Command, show=show.done)
def show_() -> Any:
    """The settings in force and the file they are in."""
    from modelarts_nb import config as settings

    loaded = settings.load()
    return {
        "file": settings.config_file(),
        **{
            f"{section.__name__}.{name}": _shown(trait, getattr(section(config=loaded), name))
            for section in (
                settings.PersistentDisk,
                settings.Transfer,
                settings.Environments,
                settings.Storage,
                settings.Cloud,
                settings.Shell,
            )
            for name, trait in section.class_own_traits(config=True).items()
        },
    }


def _shown(trait: Any, value: Any) -> Any:
    return "(set)" if value and trait.metadata.get("secret") else value


@click.command(cls=Command, show=str, examples=("ma completion bash >> ~/.bashrc",))
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> Any:
    """Print the completion script for a shell."""
    from modelarts_nb.cli.completion import script

    return script(shell)
