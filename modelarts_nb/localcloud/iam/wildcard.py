"""Patterns in which ``*`` stands for any text, also none."""

from __future__ import annotations


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text is what a pattern says.

    Linear in the text for every part of the pattern: a pattern of many stars, compared with what
    somebody sends, must not keep the cloud busy.
    """
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        # The leftmost place leaves the most for the parts that follow.
        found = text.find(part, at, max(at, end))
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and text.endswith(last)
