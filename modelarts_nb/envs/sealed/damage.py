"""What to say, and what to advise, when an image of a version is damaged or gone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.images import find_image
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.versions import numbers, read_version
from modelarts_nb.errors import ArchiveInvalid, ModelArtsNbError, NotFound


def named(
    error: ArchiveInvalid | NotFound, version: Version, disk: Disk
) -> ArchiveInvalid | NotFound:
    """The error with the version it happened to, and one that can be used instead.

    An error that names no image of the version comes back as it is.
    """
    text = f"{error.message} {error.cause}"
    bad = [layer.image for layer in version.layers if layer.image[:12] in text]
    if not bad:
        return error
    name = version.name
    whole = _whole(version, bad, disk)
    hint = (
        f"`ma env rollback {name} {whole}`: version {whole} does not need it."
        if whole
        else f"No version of {name} is without it: bring the file back from a copy."
    )
    what = "is gone" if isinstance(error, NotFound) else "is damaged"
    where = re.sub(r"\s+", " ", text).strip()
    return type(error)(
        f"The image {bad[0][:12]}, which {name} version {version.number} needs, {what}.",
        hint=hint,
        cause=where,
    )


def _whole(version: Version, bad: Sequence[str], disk: Disk) -> int | None:
    """The latest version before this one all of whose images are there, without the bad ones."""
    for number in reversed(numbers(disk, version.name)):
        if number >= version.number:
            continue
        try:
            other = read_version(disk, version.name, number)
            if not {layer.image for layer in other.layers} & set(bad):
                for layer in other.layers:
                    find_image(disk, layer.image)
                return number
        except ModelArtsNbError:
            continue
    return None
