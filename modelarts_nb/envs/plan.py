"""What an engine intends to do to an environment, before it does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Planned:
    """One package of a plan. ``size`` is that of its download, in bytes, where it is known."""

    name: str
    version: str
    build: str = ""
    channel: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Plan:
    """What ``create``, ``install`` and ``uninstall`` answer when asked for a dry run.

    ``add`` and ``remove`` are conda packages (a package that changes its version is in both),
    ``pip`` the lines that pip would be given.
    """

    name: str
    add: tuple[Planned, ...] = ()
    remove: tuple[Planned, ...] = ()
    pip: tuple[str, ...] = ()

    @property
    def download(self) -> int:
        """Bytes to download at most: packages in the cache are not."""
        return sum(package.size or 0 for package in self.add)


def planned(records: Iterable[dict[str, Any]]) -> tuple[Planned, ...]:
    """Records of a repodata or of ``conda-meta`` as a plan shows them, by name."""
    found = [
        Planned(
            str(record.get("name", "")),
            str(record.get("version", "")),
            str(record.get("build") or record.get("build_string") or ""),
            str(record.get("channel") or ""),
            record.get("size") if isinstance(record.get("size"), int) else None,
        )
        for record in records
    ]
    return tuple(sorted(found, key=lambda package: package.name))
