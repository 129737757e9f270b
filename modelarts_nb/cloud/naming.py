"""What is named by its id or by its name, of which several may have the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelarts_nb.cloud.errors import CloudConflict, CloudNotFound

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)


def is_id(word: str) -> bool:
    """Does it look like an id of the cloud?"""
    return _UUID.fullmatch(word) is not None


def only(ids: Sequence[str], called: str, none: CloudNotFound) -> str:
    """The only one of these ids.

    Args:
        ids: of what has the name.
        called: how several are spoken of, as ``notebooks are called 'demo'``.
        none: what is raised when there is none.

    Raises:
        CloudNotFound: ``none``.
        CloudConflict: there are several.
    """
    if not ids:
        raise none
    if len(ids) > 1:
        raise CloudConflict(f"{len(ids)} {called}.", hint=f"Name one by its id: {', '.join(ids)}.")
    return ids[0]
