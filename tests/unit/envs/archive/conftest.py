"""A small environment with every kind of file that packing must get right, and a disk for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk

PLACEHOLDER = "/opt/" + "placehold_" * 25  # 255 bytes, as conda-build writes them
MTIME = 1_600_000_000


def padded(prefix: str) -> bytes:
    """A binary with a prefix that has the room of a placeholder, as an installer leaves it."""
    text = prefix.encode() + b"/share/data"
    return b"\x7fELF\0" + text + b"\0" * (len(PLACEHOLDER) - len(prefix)) + b"\0end\0"


@pytest.fixture
def make_env(disk: Disk) -> Callable[..., Path]:
    """``make_env(name)``: an environment on the disk; ``at`` puts it elsewhere."""

    def make(name: str = "demo", at: Path | None = None) -> Path:
        prefix = at or disk.envs / name
        files = {
            "bin/tool": f"#!{prefix}/bin/python3.11\nprint('tool')\n".encode(),
            "bin/python3.11": b"#!/bin/sh\necho python\n",
            "lib/libdemo.so": padded(str(prefix)),
            "lib/plain.txt": b"nothing of interest\n",
            "lib/empty": b"",
            "share/doc/名字.txt": f"see {prefix}/share\n".encode(),
            "etc/first.conf": f"root={prefix}\n".encode(),
            "lib/python3.11/site-packages/demo/__init__.py": b"A = 1\n",
            "lib/python3.11/site-packages/demo/__pycache__/__init__.cpython-311.pyc": b"\0pyc",
            "conda-meta/history": b"==> 2026-01-01 00:00:00 <==\n# update specs: ['demo']\n",
        }
        for path, data in files.items():
            full = prefix / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(data)
            os.utime(full, (MTIME, MTIME))
        for script in ("bin/tool", "bin/python3.11"):
            (prefix / script).chmod(0o755)
        (prefix / "share/empty-folder").mkdir()
        (prefix / "bin/python").symlink_to("python3.11")
        (prefix / "lib/absolute.so").symlink_to(prefix / "lib/libdemo.so")
        os.link(prefix / "etc/first.conf", prefix / "etc/second.conf")
        record = {
            "name": "demo",
            "version": "1.0",
            "build": "0",
            "subdir": "noarch",
            "channel": "test",
            "files": list(files),
            "paths_data": {
                "paths_version": 1,
                "paths": [
                    {
                        "_path": "bin/tool",
                        "path_type": "hardlink",
                        "prefix_placeholder": PLACEHOLDER,
                        "file_mode": "text",
                    },
                    {
                        "_path": "lib/libdemo.so",
                        "path_type": "hardlink",
                        "prefix_placeholder": PLACEHOLDER,
                        "file_mode": "binary",
                        "size_in_bytes": len(padded(str(prefix))),
                    },
                    {"_path": "lib/plain.txt", "path_type": "hardlink", "size_in_bytes": 20},
                ],
            },
        }
        (prefix / "conda-meta/demo-1.0-0.json").write_text(json.dumps(record))
        return prefix

    return make


def tree_of(root: Path) -> dict[str, object]:
    """Everything below ``root`` that a user could tell apart, without our own notes."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith("conda-meta/modelarts_nb"):
            continue
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = "dir"
        else:
            found[name] = (path.stat().st_mode & 0o777, path.read_bytes())
    return found
