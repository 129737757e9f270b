"""Writing one real ``.conda`` package (format 2: a zip of two tar.zst and metadata.json)."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

#: What stands for the prefix in a package's files: 255 bytes, as conda-build pads it.
PLACEHOLDER = ("/opt/channel/" + "_placehold" * 30)[:255]

#: 2026-01-01, so that a package is the same bytes whenever it is made.
STAMP = 1767225600


@dataclass
class CondaPackage:
    """One package: its index and the tree of its files (``root`` stands for the prefix)."""

    name: str
    version: str
    build: str
    root: Path
    depends: list[str] = field(default_factory=list)
    noarch: str | None = None
    entry_points: list[str] = field(default_factory=list)
    summary: str = ""

    @property
    def subdir(self) -> str:
        return "noarch" if self.noarch else "linux-64"

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    def write(self, channel: Path) -> Path:
        """Write the package into its subdir of ``channel``."""
        paths = [self._path(file) for file in _files(self.root)]
        info = {
            "info/index.json": self._index(),
            "info/paths.json": {"paths": paths, "paths_version": 1},
            "info/about.json": {"summary": self.summary, "license": "see package"},
        }
        if self.noarch == "python":
            link = {"type": "python", "entry_points": self.entry_points}
            info["info/link.json"] = {"noarch": link, "package_metadata_version": 1}
        texts = {name: json.dumps(value, indent=2) for name, value in info.items()}
        texts["info/files"] = "".join(f"{path['_path']}\n" for path in paths)
        target = channel / self.subdir / f"{self.stem}.conda"
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
            archive.writestr(f"pkg-{self.stem}.tar.zst", self._content())
            archive.writestr(f"info-{self.stem}.tar.zst", _tar_of_texts(texts))
        return target

    def _index(self) -> dict[str, Any]:
        index: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": 0,
            "depends": sorted(set(self.depends)),
            "subdir": self.subdir,
            "timestamp": STAMP * 1000,
        }
        if self.noarch:
            index["noarch"] = self.noarch
        else:
            index.update(arch="x86_64", platform="linux")
        return index

    def _path(self, file: Path) -> dict[str, Any]:
        path: dict[str, Any] = {"_path": file.relative_to(self.root).as_posix()}
        # conda-build writes the hash of what a link leads to; nothing where it leads nowhere.
        data = file.read_bytes() if file.is_file() else b""
        if file.is_symlink():
            path["path_type"] = "softlink"
        else:
            path["path_type"] = "hardlink"
            if PLACEHOLDER.encode() in data:
                path["prefix_placeholder"] = PLACEHOLDER
                path["file_mode"] = "binary" if b"\0" in data else "text"
        path["sha256"] = hashlib.sha256(data).hexdigest()
        path["size_in_bytes"] = len(data)
        return path

    def _content(self) -> bytes:
        raw = io.BytesIO()
        seen: dict[int, str] = {}
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for file in _files(self.root):
                name = file.relative_to(self.root).as_posix()
                member = tar.gettarinfo(str(file), name)
                member.uid = member.gid = 0
                member.uname = member.gname = "root"
                member.mtime = int(os.lstat(file).st_mtime)
                inode = os.lstat(file).st_ino
                if member.type == tarfile.LNKTYPE:
                    member.linkname = seen[inode]
                    tar.addfile(member)
                elif member.isreg():
                    seen[inode] = name
                    with file.open("rb") as data:
                        tar.addfile(member, data)
                else:
                    tar.addfile(member)
        return zstandard.ZstdCompressor(level=1).compress(raw.getvalue())


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [Path(folder) / name for name in files + links]
    return sorted(found)


def _tar_of_texts(texts: dict[str, str]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            member.mode = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH
            member.mtime = STAMP
            tar.addfile(member, io.BytesIO(text.encode()))
    return zstandard.ZstdCompressor(level=1).compress(raw.getvalue())
