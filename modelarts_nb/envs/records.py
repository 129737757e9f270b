"""What is installed in a prefix, and the checksums that its records hold of its files."""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from modelarts_nb.envs.model import Package
from modelarts_nb.envs.swap import swap_content

_THREADS = 16
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Recorded:
    """What a conda package's record says of one file.

    ``records`` are the file names of the records that list it (several, where packages clobber each
    other; the rest is what the last one says); ``room`` is the length in bytes of the placeholder
    it was built with (None: it holds no prefix), ``size`` its size in the package in bytes (None:
    it was written at installation).
    """

    records: tuple[str, ...]
    room: int | None
    binary: bool
    size: int | None


@dataclass(frozen=True)
class Changed:
    """The new content of a rewritten file, as records note it: SHA-256 in hex, size in bytes."""

    sha256: str
    size: int

    @classmethod
    def of(cls, content: bytes) -> Changed:
        """The record of ``content``."""
        return cls(hashlib.sha256(content).hexdigest(), len(content))


def record_names(prefix: Path) -> list[str]:
    """File names of the conda records, without reading any. A missing folder is an empty list."""
    try:
        names = os.listdir(prefix / "conda-meta")
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".json") and not name.startswith("."))


def split_record_name(name: str) -> tuple[str, str, str]:
    """``("numpy", "1.21.2", "py37h_0")`` from ``numpy-1.21.2-py37h_0.json``; parts may be empty."""
    parts = name.removesuffix(".json").rsplit("-", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else (parts[0], "", "")


def python_version(names: Iterable[str]) -> str | None:
    """The Python of an environment from its record names; None: it has none."""
    for name in names:
        package, version, _ = split_record_name(name)
        if package == "python":
            return version
    return None


def site_packages(prefix: Path, python: str | None = None) -> Path | None:
    """Where pip installs in ``prefix``; ``python`` is its version where known."""
    if python and (match := re.match(r"\d+\.\d+", python)):
        folder = prefix / "lib" / f"python{match[0]}" / "site-packages"
        if folder.is_dir():
            return folder
    try:
        names = sorted(os.listdir(prefix / "lib"))
    except OSError:
        return None
    for name in names:
        if re.fullmatch(r"python\d+\.\d+", name) and (prefix / "lib" / name).is_dir():
            return prefix / "lib" / name / "site-packages"
    return None


def installed(prefix: Path) -> list[Package]:
    """All packages of the environment at ``prefix``, by name; pip's are those conda did not bring.

    A record that cannot be read still names its package: its file name says it.
    """
    names = record_names(prefix)
    read = _parallel(lambda name: read_record(prefix, name), names)
    conda = [_conda_package(record, name) for record, name in zip(read, names, strict=True)]
    brought = [owned_dists(record) for record in read]
    # conda's "pytorch" brings the distribution "torch": files tell whose it is, not names.
    owned = set().union(*brought)
    silent = {_normal(p.name) for p, dists in zip(conda, brought, strict=True) if not dists}
    site = site_packages(prefix, python_version(names))
    folders = [f for f in _dist_infos(site) if f.name not in owned] if site else []
    pip = [p for p in _parallel(_pip_package, folders) if p and _normal(p.name) not in silent]
    return sorted([*conda, *pip], key=lambda package: (package.name.lower(), package.manager))


def owned_dists(record: dict[str, Any]) -> set[str]:
    """The ``.dist-info`` (``.egg-info``) folders that a conda record lists files of, by name."""
    files = record.get("files")
    paths = [path for path in files if isinstance(path, str)] if isinstance(files, list) else []
    parts = (part for path in paths if "-info" in path for part in path.split("/")[-2:])
    return {part for part in parts if part.endswith((".dist-info", ".egg-info"))}


def editables(prefix: Path) -> list[tuple[str, Path]]:
    """The editable packages of the environment at ``prefix`` and where their code is."""
    site = site_packages(prefix, python_version(record_names(prefix)))
    folders = _dist_infos(site) if site else []
    places = _parallel(_editable_place, folders)
    return [
        (f.stem.partition("-")[0], place) for f, place in zip(folders, places, strict=True) if place
    ]


def recorded_files(prefix: Path) -> dict[str, Recorded]:
    """What the conda records say of each file, by its path in the environment."""
    files: dict[str, Recorded] = {}
    names = record_names(prefix)
    read = _parallel(lambda name: read_record(prefix, name), names)
    for name, record in zip(names, read, strict=True):
        alone = (name,)
        for item in _paths(record):
            before = files.get(item["_path"])
            placeholder = item.get("prefix_placeholder")
            # Entry points are written at installation: their sizes say nothing of a package.
            size = None if _is_entry_point(item) else item.get("size_in_bytes")
            files[item["_path"]] = Recorded(
                (*before.records, name) if before else alone,
                len(placeholder.encode()) if isinstance(placeholder, str) else None,
                item.get("file_mode") == "binary",
                size if isinstance(size, int) else None,
            )
    return files


def read_record(prefix: Path, name: str) -> dict[str, Any]:
    """One conda record; an unreadable one is empty."""
    try:
        value = json.loads((prefix / "conda-meta" / name).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def update_conda_records(
    prefix: Path, changed: dict[str, Changed], *, among: Collection[str] | None = None
) -> None:
    """Note the new checksums of rewritten files in the conda records that list them.

    Args:
        prefix: of the environment.
        changed: the files, by their paths in it.
        among: file names of records, where it is known which ones list them.

    Raises:
        OSError: the disk refused.
    """

    def update(name: str) -> None:
        record = read_record(prefix, name)
        touched = False
        for item in _paths(record):
            new = changed.get(item["_path"])
            if new is None or item.get("sha256_in_prefix", item.get("sha256")) == new.sha256:
                continue
            if _is_entry_point(item):
                item |= {"sha256": new.sha256, "size_in_bytes": new.size}
            else:
                item["sha256_in_prefix"] = new.sha256
            touched = True
        if touched:
            text = json.dumps(record, indent=2, ensure_ascii=False)
            swap_content(prefix / "conda-meta" / name, text.encode())

    _parallel(update, record_names(prefix) if among is None else sorted(among))


def update_pip_records(prefix: Path, changed: dict[str, Changed]) -> dict[str, Changed]:
    """Note the new checksums of rewritten files in pip's ``RECORD`` files that list them.

    Returns:
        The ``RECORD`` files that were rewritten for it.

    Raises:
        OSError: the disk refused.
    """
    site = site_packages(prefix, python_version(record_names(prefix)))
    if site is None:
        return {}
    inside = site.relative_to(prefix).as_posix()
    lines = {os.path.relpath(path, inside).encode(): new for path, new in changed.items()}

    def update(folder: Path) -> tuple[str, Changed] | None:
        record = folder / "RECORD"
        try:
            data = record.read_bytes()
        except OSError:
            return None
        if not any(path in data for path in lines):
            return None
        new = b"".join(_pip_line(line, lines) for line in data.splitlines(keepends=True))
        if new == data:
            return None
        swap_content(record, new)
        return record.relative_to(prefix).as_posix(), Changed.of(new)

    return dict(found for found in _parallel(update, _dist_infos(site)) if found)


def _pip_line(line: bytes, changed: dict[bytes, Changed]) -> bytes:
    ending = line[len(line.rstrip(b"\r\n")) :]
    path, _, rest = line.rstrip(b"\r\n").partition(b",")
    new = changed.get(path)
    if new is None or not rest.startswith(b"sha256="):
        return line
    digest = urlsafe_b64encode(bytes.fromhex(new.sha256)).rstrip(b"=")
    return b"%s,sha256=%s,%d%s" % (path, digest, new.size, ending)


def _paths(record: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The files of a record; each has its path under ``_path``, as in the package's own list."""
    data = record.get("paths_data")
    items = data.get("paths") if isinstance(data, dict) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and isinstance(item.get("_path"), str):
            yield item


def _is_entry_point(item: dict[str, Any]) -> bool:
    return str(item.get("path_type", "")).endswith("entry_point")


def _conda_package(record: dict[str, Any], name: str) -> Package:
    package, version, build = split_record_name(name)
    channel = record.get("channel")
    return Package(
        str(record.get("name") or package),
        str(record.get("version") or version),
        "conda",
        str(record.get("build") or record.get("build_string") or build),
        channel if isinstance(channel, str) else "",
    )


def _pip_package(folder: Path) -> Package | None:
    metadata = folder / ("PKG-INFO" if folder.suffix == ".egg-info" else "METADATA")
    try:
        with open(metadata, encoding="utf-8", errors="replace") as file:
            head = file.read(4096).partition("\n\n")[0]  # then comes the description
    except OSError:
        head = ""
    fields = dict(re.findall(r"^(Name|Version): *(.+?) *$", head, re.MULTILINE))
    stem_name, _, stem_version = folder.stem.partition("-")
    if not (name := fields.get("Name", stem_name)):
        return None
    version = fields.get("Version", stem_version)
    return Package(name, version, "pip", editable=_editable_place(folder) is not None)


def _editable_place(folder: Path) -> Path | None:
    """Where the code of an editable package is; None: the package is not editable."""
    try:
        value = json.loads((folder / "direct_url.json").read_bytes())
    except (OSError, ValueError):
        return None
    info = value.get("dir_info") if isinstance(value, dict) else None
    if not isinstance(info, dict) or info.get("editable") is not True:
        return None
    return Path(unquote(urlsplit(str(value.get("url", ""))).path) or "/")


def _dist_infos(site: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(site))
    except OSError:
        return []
    return [site / name for name in names if name.endswith((".dist-info", ".egg-info"))]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _parallel(work: Callable[[_T], _R], items: list[_T]) -> list[_R]:
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items))) as pool:
        return list(pool.map(work, items))
