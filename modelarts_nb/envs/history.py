"""``conda-meta/history``: which packages came when, and which specs a user asked for.

The format is conda's: revisions that begin with ``==> date <==``, ``# cmd:`` and other notes,
``+`` and ``-`` lines with ``channel/subdir::name-version-build``, ``# update specs: [...]``.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from modelarts_nb.envs.swap import swap_content
from modelarts_nb.errors import from_os_error

HISTORY = "conda-meta/history"

# conda refuses an environment that a newer conda wrote, so a version that is older than all.
_CONDA_VERSION = "4.6.0"
_NOTE = re.compile(r"^# (update|install|create|remove|uninstall|neutered) specs: *(.*)$")


def requested(prefix: Path) -> list[str]:
    """The specs that a user asked for and that are still in force, in the order of asking.

    As conda reads them: a later spec for the same package replaces an earlier one, a removal
    takes it away. A history that cannot be read has none.
    """
    try:
        text = (prefix / HISTORY).read_text("utf-8", errors="replace")
    except OSError:
        return []
    specs: dict[str, str] = {}
    for line in text.splitlines():
        if match := _NOTE.match(line):
            for spec in _listed(match[2]):
                name = spec_name(spec)
                specs.pop(name, None)
                if match[1] in ("update", "install", "create"):
                    specs[name] = spec
    return list(specs.values())


def spec_name(spec: str) -> str:
    """The package that a spec is about: ``numpy`` of ``conda-forge::numpy>=1.2``."""
    bare = spec.rpartition("::")[2].strip()
    return re.split(r"[\s=<>!~\[;]", bare, maxsplit=1)[0].lower()


def append(
    prefix: Path,
    *,
    command: str,
    added: Iterable[dict[str, Any]] = (),
    removed: Iterable[dict[str, Any]] = (),
    update: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> None:
    """Write one more revision.

    Args:
        prefix: the environment, not yet in its place.
        command: what the user said, for the ``# cmd:`` line.
        added: records of packages that came.
        removed: records of packages that went.
        update: the specs that the user asked for.
        remove: the specs that the user wanted away.

    Raises:
        DiskFull, DiskFailure, AccessDenied: it cannot be written.
    """
    lines = [
        f"==> {time.strftime('%Y-%m-%d %H:%M:%S')} <==",
        f"# cmd: {_one_line(command)}",
        f"# conda version: {_CONDA_VERSION}",
        *sorted(f"-{_dist(record)}" for record in removed),
        *sorted(f"+{_dist(record)}" for record in added),
    ]
    if update:
        lines.append(f"# update specs: {[_one_line(spec) for spec in update]}")
    if remove:
        lines.append(f"# remove specs: {[_one_line(spec) for spec in remove]}")
    path = prefix / HISTORY
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        path.touch()
        # A new file in its stead: the old one may be a hard link into another environment.
        swap_content(path, before + ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise from_os_error(error, "writing the history", path) from error


def _listed(text: str) -> list[str]:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        # Before 4.4 conda separated them by commas, without quotes.
        return [part.strip() for part in text.strip("[]").split(",") if part.strip()]
    items = value if isinstance(value, (list, tuple)) else [value]
    return [item for item in items if isinstance(item, str) and item.strip()]


def _dist(record: dict[str, Any]) -> str:
    channel = str(record.get("channel") or "").rstrip("/")
    short = channel.rpartition("/")[2] or "unknown"
    build = record.get("build") or record.get("build_string") or "0"
    subdir = record.get("subdir") or "noarch"
    return f"{short}/{subdir}::{record.get('name')}-{record.get('version')}-{build}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
