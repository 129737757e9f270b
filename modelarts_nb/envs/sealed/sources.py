"""Sources: folders of a team mate or a team whose sealed environments may be used, read only."""

from __future__ import annotations

import json
from pathlib import Path

from modelarts_nb.disk.persistent import Disk

_FILE = "sources.json"


def source_folders(disk: Disk) -> list[Path]:
    """The folders that were added; each has ``sealed/`` and ``images/``."""
    try:
        value = json.loads((disk.own / _FILE).read_bytes())
    except (OSError, ValueError):
        return []
    texts = value if isinstance(value, list) else []
    return [Path(text) for text in texts if isinstance(text, str) and text.startswith("/")]
