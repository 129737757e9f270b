"""Pages of lists whose ``offset`` counts pages by the reference and may count records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
# So that a service that never comes to an end does not keep us for ever.
_MOST_PAGES = 2000


def every(fetch: Callable[[int], list[T]], size: int, key: Callable[[T], Any]) -> Iterator[T]:
    """All records, one page after the other.

    Args:
        fetch: the records at an offset.
        size: of a full page.
        key: what tells one record from another.
    """
    first = page = fetch(0)
    yield from page
    records = False
    offset = 1
    for _ in range(_MOST_PAGES):
        if len(page) < size:
            return
        page = fetch(offset)
        if not records and offset == 1 and _moved_by_one(first, page, key):
            # It counts records: what was asked for is the page that begins with the second one.
            records, offset = True, len(first)
            page = fetch(offset)
        yield from page
        offset += len(page) if records else 1


def _moved_by_one(first: list[T], page: list[T], key: Callable[[T], Any]) -> bool:
    if not page or len(first) < 2:
        return False
    # The first one where a record was made meanwhile.
    return key(page[0]) in (key(first[0]), key(first[1]))
