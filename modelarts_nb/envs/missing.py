"""Files that conda packages brought and that are gone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_THREADS = 32


def is_missing(prefix: Path, path: str) -> bool:
    """Is a file that a record lists not there? Bytecode does not count: old records list some that
    a later Python of the environment has replaced."""
    return not path.endswith(".pyc") and not os.path.lexists(prefix / path)


def incomplete(prefix: Path, records: Iterable[dict[str, Any]]) -> set[str]:
    """The names of packages of which files are missing."""
    listed = [(str(r["name"]), str(path)) for r in records for path in r.get("files") or ()]
    with ThreadPoolExecutor(_THREADS) as pool:
        gone = list(pool.map(lambda item: is_missing(prefix, item[1]), listed))
    return {name for (name, _), missing in zip(listed, gone, strict=True) if missing}
