"""Small prefixes made by hand, as conda would have left them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.state import State, write_state

PLACEHOLDER = "/opt/placeholder_" + "p" * 238


def make_prefix(prefix: Path, *, python: str = "3.11.7", ipykernel: bool = True) -> Path:
    """A prefix with a record of python, a history, a pip script and an interpreter."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta/history").write_text(f"# cmd: conda create -p {prefix}\n")
    add_record(prefix, "python", python, [])
    site = prefix / f"lib/python{python.rpartition('.')[0]}/site-packages"
    site.mkdir(parents=True)
    if ipykernel:
        (site / "ipykernel").mkdir()
    write(prefix / "bin/pip", f"#!{prefix}/bin/python\nprint('pip')\n", 0o755)
    os.symlink("/bin/sh", prefix / "bin/python")
    return prefix


def make_on_disk(disk: Disk, name: str, **options: Any) -> Path:
    """A prefix in the envs dir, with our state."""
    prefix = make_prefix(disk.envs / name, **options)
    state = State(str(prefix), "2026-01-01T00:00:00+00:00", "/image/envs/a", 123, 4, "clone")
    write_state(prefix, state)
    return prefix


def add_record(
    prefix: Path, name: str, version: str, paths: list[dict[str, Any]], build: str = "0"
) -> Path:
    """A conda record with these files."""
    record = {
        "name": name,
        "version": version,
        "build": build,
        "channel": "https://channel.test/linux-64",
        "files": [item["_path"] for item in paths],
        "paths_data": {"paths_version": 1, "paths": paths},
    }
    path = prefix / "conda-meta" / f"{name}-{version}-{build}.json"
    path.write_text(json.dumps(record))
    return path


def write(path: Path, content: str | bytes, mode: int = 0o644) -> Path:
    """A file, and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path
