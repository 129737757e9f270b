"""What the files of an environment say of the version that is made of them."""

from __future__ import annotations

from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.contents import Contents
from modelarts_nb.envs.records import installed
from modelarts_nb.envs.sealed import facts
from modelarts_nb.envs.sealed.imaging import Image
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.state import now, read_state
from modelarts_nb.errors import from_os_error


def draft(
    prefix: Path, name: str, contents: Contents, disk: Disk, *, before: Version | None
) -> Version:
    """A version of ``name`` as it is at ``prefix``, without a number and layers.

    Args:
        prefix: where its files lie.
        name: of the environment.
        contents: its files.
        disk: the persistent disk.
        before: the version it was made from, which is asked where its own state is lost.

    Raises:
        DiskFailure, AccessDenied: what is installed cannot be read.
    """
    try:
        packages = tuple(installed(prefix))
        known, state = facts.of(prefix, packages), read_state(prefix) or before
    except OSError as error:
        raise from_os_error(error, f"reading the packages of {name}", prefix) from error
    return Version(
        name=name,
        number=0,  # decided when it is written
        created=now(),
        layers=(),
        owner=disk.owner,
        platform=known.platform,
        arch=known.arch,
        glibc=known.glibc,
        accelerator=known.accelerator,
        python=next((p.version for p in packages if p.name == "python"), None),
        packages=packages,
        files=contents.files,
        size=contents.size,
        requested=state.requested if state else (),
        origin=state.origin if state else "",
    )


def added(image: Image, before: Version | None) -> int:
    """The bytes that a version with ``image`` added to the disk, made from ``before``."""
    known = {layer.image for layer in before.layers} if before else set()
    return 0 if image.sha256 in known else image.size
