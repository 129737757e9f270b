"""What a user says when mounting: a source and a path, checked before anything is sent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from modelarts_nb.errors import UsageError

Category = Literal["OBS", "OBSFS", "EFS"]

# The service's limits: 256 characters each (DataVolumesReq).
_LONGEST = 256
_PATH = re.compile(r"/data((?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+)/?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SHARE = re.compile(r"([0-9A-Za-z_-]{1,64})(?:\.sfsturbo\.internal)?:(/.*)")
_EXAMPLES = (
    "For example obs://bucket/folder/ (a parallel file system), or SHARE:/folder (SFS Turbo)."
)


@dataclass(frozen=True)
class Source:
    """A storage as the service takes it. ``share`` is an SFS Turbo file system: its id, or the
    name that the user gave it."""

    category: Category
    uri: str
    share: str = ""
    folder: str = ""

    def of_share(self, id: str) -> Source:
        """The same of the file system with this id."""
        return replace(self, uri=f"{id}.sfsturbo.internal:{self.folder}", share=id)


def read_source(source: str, category: str | None = None) -> Source:
    """What is to be mounted.

    Args:
        source: ``obs://bucket/folder/``, or ``SHARE:/folder`` with the id or name of the share.
        category: OBS, OBSFS or EFS; None: OBSFS for ``obs://`` (sites that take both take this
            one), EFS for a share.

    Raises:
        UsageError: it is neither, or does not fit the category.
    """
    asked = category.upper() if category else None
    if asked not in (None, "OBS", "OBSFS", "EFS"):
        raise UsageError(f"There is no category {category}.", hint="OBS, OBSFS or EFS.")
    text = source.strip()
    if text.startswith("obs://"):
        if asked == "EFS":
            raise UsageError(f"{text} is in OBS, not in SFS Turbo.", hint=_EXAMPLES)
        found = _obs(text, "OBS" if asked == "OBS" else "OBSFS")
    elif match := _SHARE.fullmatch(text):
        if asked in ("OBS", "OBSFS"):
            raise UsageError(f"{text} is a folder of SFS Turbo, not of OBS.", hint=_EXAMPLES)
        found = Source("EFS", "", folder=clean_folder(match[2])).of_share(match[1])
    else:
        raise UsageError(f"{source!r} is no storage.", hint=_EXAMPLES)
    if len(found.uri) > _LONGEST:
        raise UsageError(f"{source!r} is too long.", hint=f"At most {_LONGEST} characters.")
    return found


def read_path(path: str) -> str:
    """Where it is to appear, as the service takes it: ``/data/NAME/``.

    Args:
        path: ``/data/NAME``, or only ``NAME``.

    Raises:
        UsageError: it is not a folder below ``/data``.
    """
    text = path.strip()
    whole = text if text.startswith("/") else f"/data/{text}"
    match = _PATH.fullmatch(whole)
    if not match or ".." in whole or len(whole) > _LONGEST:
        raise UsageError(
            f"{path!r} is not a folder below /data.",
            hint="For example /data/mine: letters, digits, - and _.",
        )
    return whole.rstrip("/") + "/"


def same_path(one: str, other: str) -> bool:
    """Are these the same path, however their ends are written?"""
    return one.rstrip("/") == other.rstrip("/")


def clean_folder(path: str) -> str:
    """A folder of a share: absolute, with no ``.`` and ``..``, no slash at its end.

    Raises:
        UsageError: it is not.
    """
    parts = [part for part in path.split("/") if part]
    if not path.startswith("/") or any(p in (".", "..") for p in parts) or not _is_text(path):
        raise UsageError(
            f"{path!r} is not a folder of a share.", hint="It starts with /, as in /team/data."
        )
    return "/" + "/".join(parts)


def _obs(text: str, category: Category) -> Source:
    bucket, _, folder = text.removeprefix("obs://").partition("/")
    escapes = any(part in (".", "..") for part in folder.split("/"))
    if not _BUCKET.fullmatch(bucket) or escapes or not _is_text(folder):
        raise UsageError(f"{text!r} is not a folder in OBS.", hint=_EXAMPLES)
    return Source(category, f"obs://{bucket}/" + (folder.strip("/") + "/" if folder else ""))


def _is_text(path: str) -> bool:
    """No control characters, and nothing that cannot be written as Unicode."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in path)
