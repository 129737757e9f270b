"""Which notebook instance is meant. Whoever works on one takes its id or its name."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudNotFound
from modelarts_nb.cloud.naming import is_id, only
from modelarts_nb.cloud.shape import items, number, text
from modelarts_nb.progress import SILENT, Progress

# The service takes 10, 20 or 50.
_PAGE = 50


def resolve(cloud: Cloud, notebook: str | None, progress: Progress = SILENT) -> str:
    """The id of an instance.

    Args:
        notebook: its id or its name; None: this one.

    Raises:
        CloudSetting: none was named and which this is, is not known.
        CloudNotFound: there is none of this name.
        CloudConflict: several have this name.
        CloudError: the cloud refused or could not be reached.
    """
    asked = cloud.place.need_instance(notebook)
    if asked == cloud.place.instance or is_id(asked):
        return asked
    # The service matches a part of the name; two may have the same.
    found = every(cloud, "list_notebooks", {"name": asked}, progress)
    same = [text(n, "id") for n in found if asked in (text(n, "name"), text(n, "id"))]
    none = CloudNotFound(
        f"There is no notebook {asked!r} of yours.",
        hint="`ma notebook list` shows yours, `--all` everybody's (those need their id).",
    )
    return only(same, f"notebooks are called {asked!r}", none)


def every(
    cloud: Cloud, operation: str, query: dict[str, Any], progress: Progress
) -> list[dict[str, Any]]:
    """All that a call lists of notebooks, page by page, in the cloud's own JSON.

    Args:
        operation: ``list_notebooks`` or ``list_all_notebooks``.
        query: what to ask for besides.
    """
    found: dict[str, dict[str, Any]] = {}
    offset = 0
    while True:
        answer = cloud.call(
            "modelarts", operation, limit=_PAGE, offset=offset, progress=progress, **query
        )
        page = items(answer, "data")
        # By id: an instance that was made meanwhile moves the others by one.
        found.update((text(item, "id"), item) for item in page)
        offset += len(page)
        total = number(answer, "total")
        if not page or (offset >= total if total is not None else len(page) < _PAGE):
            return list(found.values())
