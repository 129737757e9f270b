"""A small disk to break: environments with every trap, one in the bin, an archive.

It is built once and put back to the same place before every case, because an environment is only
true at its own path.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.creation import create
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.removal import remove

PLACEHOLDER = "/opt/" + "placehold_" * 25
_MTIME = 1_600_000_000
_BIG = 1 << 21
# Answers what `ma env check` asks an interpreter, without being one: fast, and relocatable.
_PYTHON = """#!/bin/sh
echo "[\\"${0%/bin/*}\\", \\"3.11.7\\", true]"
"""


@dataclass(frozen=True)
class World:
    """Where everything is. ``base`` holds what is local, ``root`` is the persistent disk; its files
    are put back ``behind`` it where that is quicker. ``image`` is an environment to work on instead
    of the small one; it stays where it is.
    """

    base: Path
    root: Path
    channel: str
    behind: Path | None = None
    image: Path | None = None

    @property
    def disk(self) -> Disk:
        return Disk(self.root, "tester", self.base / "home")

    @property
    def source(self) -> Path:
        """An environment of the image."""
        return self.image or self.base / "image" / "source"

    @property
    def archive(self) -> Path:
        """An archive of it, on the disk."""
        return self.disk.archives / "given.tar.zst"

    @property
    def watched(self) -> tuple[str, ...]:
        """Where a deed asks the disk for something."""
        return (str(self.root), str(self.disk.home))

    def build(self) -> None:
        """Make everything, and keep a copy for ``fresh``."""
        if not self.image:
            make_source(self.source)
        self.disk.home.mkdir(parents=True)
        with self.settings():
            for name in ("mine", "gone"):
                clone(str(self.source), name, disk=self.disk)
            remove("gone", disk=self.disk)
            self.disk.archives.mkdir(parents=True)
            pack(str(self.source), output=str(self.archive), disk=self.disk)
            create(
                "made",
                specs=["trap-links", "trap-activate"],
                channels=[self.channel],
                kernel=False,
                disk=self.disk,
            )
        for place, kept in self._places():
            _copy(place, kept, link=False)

    def fresh(self) -> None:
        """Everything as it was when it was built."""
        for place, kept in self._places():
            _clear(place)
            # Nothing may ever be written into: a big one need not be copied for every case.
            _copy(kept, place, link=self.image is not None)

    def _places(self) -> list[tuple[Path, Path]]:
        kept = self.base / "kept"
        places = [(self.behind or self.root, kept / "disk"), (self.disk.home, kept / "home")]
        return places if self.image else [*places, (self.source, kept / "source")]

    @contextmanager
    def settings(self) -> Iterator[None]:
        """The process's environment as a notebook with this disk has it."""
        wanted = {
            "HOME": str(self.disk.home),
            "MODELARTS_NB_DISK": str(self.root),
            "MODELARTS_NB_OWNER": "tester",
            "XDG_CACHE_HOME": str(self.base / "cache"),
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def make_source(prefix: Path, folders: int = 12) -> None:
    """An environment by hand: records, text and padded prefixes, links of every kind."""
    files = {
        "bin/tool": f"#!{prefix}/bin/python\nprint('tool')\n".encode(),
        "bin/python": _PYTHON.encode(),
        "lib/libdemo.so": padded(str(prefix)),
        "etc/first.conf": f"root={prefix}\n".encode(),
        "share/名字.txt": f"see {prefix}/share\n".encode(),
        "lib/empty": b"",
        "lib/big": os.urandom(1 << 20),
        "lib/python3.11/site-packages/ipykernel/__init__.py": b"",
        "conda-meta/history": f"==> 2026-01-01 00:00:00 <==\n# cmd: {prefix}\n".encode(),
    }
    for folder in range(folders):
        for file in range(8):
            path = f"lib/python3.11/site-packages/demo/{folder}/{file}.py"
            files[path] = f"A = {folder * 8 + file}\n".encode() * 20
    for path, data in files.items():
        full = prefix / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(data)
        os.utime(full, (_MTIME, _MTIME))
    for script in ("bin/tool", "bin/python"):
        (prefix / script).chmod(0o755)
    (prefix / "lib/absolute.so").symlink_to(prefix / "lib/libdemo.so")
    os.link(prefix / "etc/first.conf", prefix / "etc/second.conf")
    (prefix / "share/empty-folder").mkdir()
    paths = [_recorded(prefix, path, data) for path, data in files.items() if "meta" not in path]
    record = {
        "name": "python",
        "version": "3.11.7",
        "build": "0",
        "build_number": 0,
        "subdir": "linux-64",
        "fn": "python-3.11.7-0.conda",
        "url": "https://channel.test/linux-64/python-3.11.7-0.conda",
        "channel": "https://channel.test/linux-64",
        "depends": [],
        "constrains": [],
        "files": list(files),
        "paths_data": {"paths_version": 1, "paths": paths},
    }
    (prefix / "conda-meta/python-3.11.7-0.json").write_text(json.dumps(record))


def padded(prefix: str) -> bytes:
    """A binary with a prefix that has the room of a placeholder, as an installer leaves it."""
    text = prefix.encode() + b"/share/data"
    return b"\x7fELF\0" + text + b"\0" * (len(PLACEHOLDER) - len(prefix)) + b"\0end\0"


def _recorded(prefix: Path, path: str, data: bytes) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    item: dict[str, object] = {
        "_path": path,
        "path_type": "hardlink",
        "sha256": digest,
        "sha256_in_prefix": digest,
        "size_in_bytes": len(data),
    }
    if str(prefix).encode() in data:
        item["prefix_placeholder"] = PLACEHOLDER
        item["file_mode"] = "binary" if b"\0" in data else "text"
    return item


@dataclass(frozen=True)
class Seen:
    """What a user could tell apart. Digests of environments by name; the rest by name."""

    envs: dict[str, str]
    removed: tuple[str, ...]
    archives: tuple[str, ...]
    kernels: tuple[str, ...]
    listed: tuple[str, ...]


def look(disk: Disk) -> Seen:
    """What is on the disk now; stamps in names and times in files do not count."""
    archives = [_STAMP.sub("", name) for name in _names(disk.archives)]
    listed = disk.home / ".conda/environments.txt"
    lines = listed.read_text().splitlines() if listed.exists() else []
    # Of a kernel that is not there one file may be left: Jupyter does not show it.
    kernels = [
        f"{place.parent.name} {name}"
        for place in (disk.kernels, disk.local_kernels)
        for name in _names(place)
        if (place / name / "kernel.json").exists()
    ]
    return Seen(
        {name: digest(disk.envs / name) for name in _names(disk.envs)},
        tuple(sorted(name.partition("-")[2] for name in _names(disk.bin))),
        tuple(sorted(archives)),
        tuple(kernels),
        tuple(sorted(lines)),
    )


def digest(prefix: Path) -> str:
    """Of everything in an environment but our own notes and the times in its history."""
    found = hashlib.sha256()
    for folder, folders, files in os.walk(prefix):
        folders.sort()
        if folder == str(prefix / "conda-meta"):
            folders[:] = []
        for name in sorted([*folders, *files]):
            path = Path(folder, name)
            info = path.lstat()
            found.update(f"\0{path.relative_to(prefix)}\0{info.st_mode:o}\0".encode())
            if path.is_symlink():
                found.update(os.fsencode(path.readlink()))
            elif path.is_file():
                data = _content(path, info.st_size)
                if folder.endswith("conda-meta"):
                    data = _TIMES.sub(b"", data)
                found.update(data)
    return found.hexdigest()


def has_kernel(disk: Disk, name: str) -> bool:
    """Does Jupyter offer it?"""
    return Kernels(disk).of(disk.envs / name)[0] == "ready"


_STAMP = re.compile(r"-\d{8}-\d{6}(-\d+)?")
_TIMES = re.compile(rb"==> [^<]* <==")


def _content(path: Path, size: int) -> bytes:
    """All of it, or the ends of a big one: `check --deep` reads those."""
    with path.open("rb") as file:
        if size <= _BIG:
            return file.read()
        head = file.read(4096)
        file.seek(-4096, os.SEEK_END)
        return head + file.read() + str(size).encode()


def _names(folder: Path) -> list[str]:
    names = sorted(os.listdir(folder)) if folder.exists() else []
    return [name for name in names if not name.startswith(".")]


def _clear(folder: Path) -> None:
    for name in os.listdir(folder) if folder.exists() else []:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _copy(source: Path, target: Path, *, link: bool) -> None:
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-al" if link else "-a", f"{source}/.", str(target)], check=True)
