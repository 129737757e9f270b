"""Pages of a list, as ModelArts counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.web.call import Call

NOTEBOOK_SIZES = (10, 20, 50)


def paged(
    call: Call, rows: list[Any], *, sizes: Sequence[int] | None = NOTEBOOK_SIZES
) -> dict[str, Any]:
    """One page: ``offset`` counts records, ``current`` pages.

    Args:
        call: with ``limit`` and ``offset`` in its query.
        rows: all of them.
        sizes: the only limits there are (the first is the default); None: any up to 1000.

    Raises:
        CloudError: a limit that is none of them.
        BadRequest: no number.
    """
    default = sizes[0] if sizes else max(len(rows), 1)
    limit = call.request.number("limit", default, least=1, most=1000)
    if sizes and limit not in sizes:
        raise refusal("0104", f"limit must be one of {', '.join(map(str, sizes))}")
    offset = call.request.number("offset", 0)
    return {
        "current": offset // limit,
        "size": limit,
        "pages": -(-len(rows) // limit),
        "total": len(rows),
        "data": rows[offset : offset + limit],
    }
