"""What conda's records say about the files of an environment, for packing and for its preflight."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.errors import from_os_error


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One file as its package's record has it. ``room``: bytes of a binary's placeholder, or 0."""

    path: str
    sha256: str
    size: int | None
    is_link: bool
    room: int


@dataclass(frozen=True)
class Record:
    """One installed conda package."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    files: tuple[RecordedFile, ...]


def read_records(prefix: Path, *, threads: int = 32) -> list[Record]:
    """Every readable record of the environment, by name.

    Raises:
        DiskFailure, AccessDenied: the folder or a record cannot be read.
    """
    folder = prefix / "conda-meta"
    try:
        paths = sorted(p for p in folder.iterdir() if p.suffix == ".json")
        with ThreadPoolExecutor(threads) as pool:
            texts = list(pool.map(Path.read_bytes, paths))
    except OSError as error:
        raise from_os_error(error, "reading conda's records", folder) from error
    return [record for text in texts if (record := parse_record(text)) is not None]


def parse_record(text: bytes) -> Record | None:
    """One record; None for what is none: a broken file is ``check``'s business, not packing's."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    return Record(
        name=value["name"],
        version=str(value.get("version", "")),
        build=str(value.get("build", value.get("build_string", ""))),
        channel=str(value.get("channel", "")),
        subdir=str(value.get("subdir") or ""),
        files=tuple(_files(value)),
    )


def platform_here() -> str:
    """This machine as conda names it, such as ``linux-64``."""
    system = {"linux": "linux", "darwin": "osx", "win32": "win"}.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    short = {"x86_64": "64", "amd64": "64", "i686": "32", "i386": "32"}
    if system == "osx" and machine == "aarch64":
        machine = "arm64"
    return f"{system}-{short.get(machine, machine)}"


def platform_of(records: Iterable[Record]) -> str | None:
    """The platform that the packages were built for; None when all are for any."""
    return next((r.subdir for r in records if r.subdir not in ("", "noarch")), None)


def _files(value: dict[str, Any]) -> Iterable[RecordedFile]:
    data = value.get("paths_data")
    paths = data.get("paths") if isinstance(data, dict) else None
    if not isinstance(paths, list):
        # Records of conda 4.2 and before have only names.
        names = value.get("files")
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str):
                yield RecordedFile(name, "", None, False, 0)
        return
    for entry in paths:
        path = entry.get("_path") if isinstance(entry, dict) else None
        if not isinstance(path, str):
            continue
        placeholder = entry.get("prefix_placeholder")
        binary = entry.get("file_mode") == "binary" and isinstance(placeholder, str)
        changed = isinstance(placeholder, str) and placeholder
        size = entry.get("size_in_bytes")
        sha = entry.get("sha256_in_prefix") or ("" if changed else entry.get("sha256")) or ""
        yield RecordedFile(
            path,
            str(sha),
            size if isinstance(size, int) and (binary or not changed) else None,
            entry.get("path_type") == "softlink",
            len(placeholder) if binary else 0,
        )
