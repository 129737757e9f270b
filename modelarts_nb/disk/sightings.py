"""What this container saw of others' heartbeats, and since when they have not changed.

Clocks of notebooks differ, so "no sign of life for 60 s" is measured on the observer's monotonic
clock alone. The times are kept in a local file between processes: a short `ma` command need not
watch for a minute when an earlier one saw the same content.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from modelarts_nb.disk.process import boot_id, pid_namespace
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import ModelArtsNbError


class Sightings:
    """First sightings of heartbeat contents.

    Args:
        path: the local file to keep them in (never on the persistent disk).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # The monotonic clock starts anew with the boot and may be shifted in another container.
        self._clock = f"{boot_id()} {pid_namespace()}"
        self._seen = self._read()

    def unchanged_for(self, key: str, content: bytes) -> float:
        """Record a sighting; seconds since this same content was first seen."""
        digest, now = hashlib.sha256(content).hexdigest(), time.monotonic()
        known, since = self._seen.get(key, ("", now))
        if known != digest or since > now:
            since = now
        self._seen[key] = (digest, since)
        return now - since

    def forget(self, key: str) -> None:
        """What it was about is gone."""
        self._seen.pop(key, None)

    def save(self) -> None:
        """Keep the sightings for the next process. A failure only costs that one time."""
        value = {"clock": self._clock, "seen": self._seen}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, json.dumps(value).encode())
        except (OSError, ModelArtsNbError):
            return

    def _read(self) -> dict[str, tuple[str, float]]:
        try:
            value: Any = json.loads(self._path.read_bytes())
            if value["clock"] != self._clock:
                return {}
            return {str(k): (str(d), float(s)) for k, (d, s) in value["seen"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
