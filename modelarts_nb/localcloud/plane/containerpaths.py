"""The paths of a real container, and where they are on this machine.

=====================  =================================  ========================
in the container       on this machine                    in a process's variables
=====================  =================================  ========================
``/home/ma-user``      ``notebooks/<id>/home``            ``HOME``
``/home/ma-user/work`` ``notebooks/<id>/disk`` or a share ``MODELARTS_NB_DISK``
``/data``              ``notebooks/<id>/data``            ``MODELARTS_NB_DATA``
=====================  =================================  ========================

Nobody without root's rights can mount there, so a hook's text is rewritten before it runs, and a
path that SFTP or the service is given is looked up in the table. ``$HOME/work`` is a link to the
disk, as the mount of a real container is at that place.
"""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from pathlib import Path, PurePosixPath

from modelarts_nb.localcloud.plane.folders import Folders

HOME = "/home/ma-user"


def on_machine(path: str, folders: Folders) -> Path:
    """Where an absolute path of the container is; other paths are the machine's own.

    ``..`` is resolved by name first, so that ``/data/../etc`` is the machine's ``/etc`` and not
    something beside the notebook's folders.
    """
    parts: list[str] = []
    for part in PurePosixPath(path).parts[1:]:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    plain = PurePosixPath("/", *parts)
    for outside, inside in folders.places().items():
        if plain.is_relative_to(outside):
            return inside / plain.relative_to(outside)
    return Path(plain)


def in_container(path: Path, folders: Folders) -> str:
    """How a path of this machine is called in the container; others are themselves."""
    for outside, inside in folders.places().items():
        if path.is_relative_to(inside):
            return str(PurePosixPath(outside) / path.relative_to(inside))
    return str(path)


def rewritten(text: str, folders: Folders) -> str:
    """A hook's text with the container's paths replaced by this machine's.

    Unchanged when a folder's path has characters that a shell would read as something else.
    """
    places = {outside: str(inside) for outside, inside in folders.places().items()}
    if any(shlex.quote(place) != place for place in places.values()):
        return text
    return _in_text(tuple(places)).sub(lambda found: places[found[1]], text)


@lru_cache(maxsize=64)
def _in_text(paths: tuple[str, ...]) -> re.Pattern[str]:
    """One of these in a text: not the tail of a longer path, not the head of a longer name."""
    either = "|".join(map(re.escape, paths))
    return re.compile(rf"(?<![\w./~$}}-])({either})(?![\w.-])")
