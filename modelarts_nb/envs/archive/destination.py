"""Where what is unpacked goes: onto the persistent disk, or into any folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.staging import Stage, replace_file, staged
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.kernels import register_if_possible
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import taken_names
from modelarts_nb.errors import ModelArtsNbError, NameTaken, from_os_error
from modelarts_nb.progress import Progress


def require_free(final: Path, disk: Disk) -> None:
    """Can there be a new environment at ``final``?

    Raises:
        InvalidName, NameTaken: not there.
        DiskFailure, AccessDenied: it cannot be known.
    """
    if final.parent == disk.envs:
        check_free(final.name, taken_names(disk))
        return
    try:
        taken = os.path.lexists(final) and not (final.is_dir() and not os.listdir(final))
    except OSError as error:
        raise from_os_error(error, "looking into the folder", final) from error
    if taken:
        raise NameTaken(
            f"{final} exists and is not an empty folder.", hint="Choose another with --prefix."
        )


@contextmanager
def built(final: Path, disk: Disk, purpose: str) -> Iterator[tuple[Stage, Path]]:
    """Where to build: in the disk's staging, or hidden beside a folder on another disk.

    Args:
        final: where it will land.
        disk: the persistent disk.
        purpose: what for, in one word.

    Raises:
        DiskFull, DiskFailure, AccessDenied: there can be no stage.
    """
    with staged(disk, f"{purpose} {final.name}") as stage:
        if final.parent == disk.envs:
            yield stage, stage.path / "content"
            return
        beside = final.parent / f".{final.name}.{stage.id}"
        try:
            yield stage, beside
        finally:
            remove_tree(beside)


def announce_elsewhere(
    final: Path, kernel: bool | None, disk: Disk, progress: Progress
) -> Environment:
    """Let conda and Jupyter know an environment outside of the envs dir; then describe it.

    Args:
        final: where it landed.
        kernel: register one; None: as the settings say.
        disk: the persistent disk.
        progress: hears why there is no kernel.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the home refused.
    """
    listed = disk.home / ".conda" / "environments.txt"
    try:
        listed.parent.mkdir(parents=True, exist_ok=True)
        lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
        if str(final) not in lines:
            replace_file(listed, "".join(f"{line}\n" for line in [*lines, str(final)]).encode())
    except OSError as error:
        raise from_os_error(error, "telling conda", listed) from error
    wanted = config.Environments(config=config.load()).kernel if kernel is None else kernel
    if wanted:
        try:
            check_free(final.name, taken_names(disk))
        except ModelArtsNbError as error:
            progress.log(f"no kernel: {error.message}")
        else:
            register_if_possible(final, disk=disk, progress=progress)
    return show(str(final), disk=disk)
