"""What pip brought into an environment, and where from, as its ``.dist-info`` folders say."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from modelarts_nb.envs.records import (
    owned_dists,
    python_version,
    read_record,
    record_names,
    site_packages,
)

_SUFFIXES = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class PipDist:
    """One distribution that no conda package owns.

    ``requirement`` is the line for a requirements file that brings it back as it is; ``hashes``
    (``sha256:...``) are known only of what came from an address.
    """

    name: str
    version: str
    requirement: str
    editable: bool = False
    hashes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as package indexes compare names."""
        return re.sub(r"[-_.]+", "-", self.name).lower()


def pip_dists(prefix: Path) -> list[PipDist]:
    """The distributions that pip brought, by name. What conda's records own is not pip's."""
    names = record_names(prefix)
    site = site_packages(prefix, python_version(names))
    if site is None:
        return []
    owned = {dist for name in names for dist in owned_dists(read_record(prefix, name))}
    try:
        folders = sorted(name for name in os.listdir(site) if name.endswith(_SUFFIXES))
    except OSError:
        return []
    found = []
    for folder in folders:
        if folder not in owned and (dist := _read(site / folder)):
            found.append(dist)
    return sorted(found, key=lambda dist: dist.key)


def _read(folder: Path) -> PipDist | None:
    file = folder / ("PKG-INFO" if folder.suffix == ".egg-info" else "METADATA")
    try:
        with (file if folder.is_dir() else folder).open(encoding="utf-8", errors="replace") as text:
            head = text.read(4096)
    except OSError:
        return None
    fields = dict(re.findall(r"^(Name|Version): *(.+?) *$", head, re.MULTILINE))
    if "Name" not in fields or "Version" not in fields:
        return None
    return _with_origin(fields["Name"], fields["Version"], _direct_url(folder))


def _with_origin(name: str, version: str, origin: dict[str, Any]) -> PipDist:
    """https://packaging.python.org/en/latest/specifications/direct-url/"""
    url = origin.get("url")
    if not isinstance(url, str):
        return PipDist(name, version, f"{name}=={version}")
    vcs, archive, folder = (origin.get(f"{kind}_info") for kind in ("vcs", "archive", "dir"))
    if isinstance(vcs, dict):
        at = f"@{vcs['commit_id']}" if vcs.get("commit_id") else ""
        return PipDist(name, version, f"{name} @ {vcs.get('vcs', 'git')}+{url}{at}")
    if isinstance(folder, dict) and folder.get("editable") is True:
        return PipDist(name, version, f"-e {unquote(urlsplit(url).path)}", editable=True)
    hashes: tuple[str, ...] = ()
    if isinstance(archive, dict) and isinstance(archive.get("hashes"), dict):
        hashes = tuple(f"{kind}:{value}" for kind, value in sorted(archive["hashes"].items()))
    return PipDist(name, version, f"{name} @ {url}", hashes=hashes)


def _direct_url(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / "direct_url.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
