"""Channel addresses may hold passwords and tokens: no log, error or exported file shows them."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")
_TOKEN = re.compile(r"/t/[^/\s]+(?=/)")


def without_secrets(text: str) -> str:
    """``text`` with user names, passwords and conda's ``/t/TOKEN/`` taken out of its addresses."""
    return _TOKEN.sub("", _PASSWORD.sub("", text))
