"""Walking a folder tree without losing what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn


def walk(folder: str | Path, *, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk``, which would leave out a folder that cannot be listed as if it were empty.

    Raises:
        OSError: ``folder``, or one below it, cannot be listed.
    """
    return os.walk(folder, topdown=topdown, onerror=_refuse)


def _refuse(error: OSError) -> NoReturn:
    raise error
