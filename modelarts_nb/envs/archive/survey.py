"""A look at an environment before it is packed: what is in it, and what stands in the way."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import Entry, Tree, scan
from modelarts_nb.envs.archive.contents import Contents, choose
from modelarts_nb.envs.archive.recorded import Record, RecordedFile, platform_of, read_records
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.prefixes import left_behind, spellings
from modelarts_nb.progress import Progress

_EDITABLE, _MISSING, _CLOBBERED = "editable", "missing", "clobbered"


@dataclass(frozen=True)
class Survey:
    """Everything that packing and its preflight need to know of a prefix.

    ``platform`` is the one its packages were built for, None when they are for any; ``rooms`` the
    bytes that padded binaries have for a prefix, by path; ``threads`` how many requests in flight
    its disk is worth.
    """

    prefix: Path
    prefixes: tuple[str, ...]
    tree: Tree
    skipped: frozenset[str]
    contents: Contents
    platform: str | None
    rooms: Mapping[str, int]
    findings: tuple[Finding, ...]
    threads: int


def survey(
    prefix: Path,
    *,
    disk: Disk,
    exclude: Sequence[str],
    ignore_editable_packages: bool,
    ignore_missing_files: bool,
    threads: int,
    found: Callable[[Sequence[Entry]], None] | None = None,
    progress: Progress,
) -> Survey:
    """Look at everything that is known without reading all files.

    ``found`` is told of entries while the tree is read. Findings of level ``error`` forbid packing;
    the ``ignore_...`` options make warnings of them.

    Raises:
        DiskFailure, AccessDenied: something cannot be read.
        Cancelled: the user's wish.
    """
    skipped = left_behind(prefix, disk)
    threads = threads_for(prefix, threads)
    tree = scan(prefix, skip=skipped, threads=threads, found=found, progress=progress)
    progress.phase("checking")
    prefixes = tuple(dict.fromkeys(spellings(prefix)))
    contents = choose(tree, prefixes, exclude=exclude)
    records = read_records(prefix, threads=threads)
    progress.check()
    clobbered, missing = _against_records(prefix, tree, contents, records, threads)
    findings = [
        *_editable(prefix, contents, prefixes, ignore_editable_packages),
        *clobbered,
        *_missing(missing, ignore_missing_files),
        *_links(contents, ignore_missing_files),
    ]
    # Not the records themselves: they are as many objects as there are files.
    rooms = {file.path: file.room for record in records for file in record.files if file.room}
    return Survey(
        prefix,
        prefixes,
        tree,
        skipped,
        contents,
        platform_of(records),
        rooms,
        tuple(findings),
        threads,
    )


def _editable(
    prefix: Path, contents: Contents, prefixes: Sequence[str], ignore: bool
) -> list[Finding]:
    """Packages whose code is outside the prefix, whatever tool made them so (pip, setup.py)."""
    found: dict[str, str] = {}
    for item in contents.items:
        folder, _, name = item.path.rpartition("/")
        if not folder.endswith(("site-packages", ".dist-info")):
            continue
        if name == "direct_url.json":
            package = folder.rpartition("/")[2].removesuffix(".dist-info").rsplit("-", 1)[0]
            place = _direct_url(prefix / item.path)
        elif name.endswith(".egg-link"):
            package = name.removesuffix(".egg-link")
            place = next(iter(_lines(prefix / item.path)), "")
        elif name == "easy-install.pth":
            for line in _lines(prefix / item.path):
                if _outside(line, prefixes):
                    found.setdefault(os.path.basename(line), line)
            continue
        else:
            continue
        if place and _outside(place, prefixes):
            found[package] = place
    return [
        Finding(
            _EDITABLE,
            "warning" if ignore else "error",
            f"{package} is installed in editable mode: its code is in {place}, outside the "
            "environment, and would be missing where the archive is unpacked.",
            f"Install it for good (`pip install {place}`), or pack with "
            "--ignore-editable-packages and install it again after unpacking.",
        )
        for package, place in sorted(found.items())
    ]


def _direct_url(path: Path) -> str:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    if not isinstance(value, dict) or not isinstance(value.get("dir_info"), dict):
        return ""
    url = value.get("url")
    if value["dir_info"].get("editable") is True and isinstance(url, str):
        return url.removeprefix("file://")
    return ""


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8", "surrogateescape")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip().startswith("/")]


def _outside(place: str, prefixes: Sequence[str]) -> bool:
    real = os.path.realpath(place)
    return not any(p == old or p.startswith(old + "/") for old in prefixes for p in (place, real))


def _against_records(
    prefix: Path,
    tree: Tree,
    contents: Contents,
    records: Sequence[Record],
    threads: int,
) -> tuple[list[Finding], dict[str, list[str]]]:
    """What pip overwrote of conda's files, and what is missing, by package."""
    there = {entry.path for entry in tree.entries}
    carried = contents.paths
    pip_owned, pip_names = _pip_files(prefix, contents)
    missing: dict[str, list[str]] = {}
    suspects: list[tuple[Record, RecordedFile]] = []
    for record in records:
        replaced = record.name.replace("-", "_").lower() in pip_names
        for file in record.files:
            if file.path in carried and file.path in pip_owned and file.sha256 and not file.is_link:
                suspects.append((record, file))
            # Python makes compiled files anew; a path through a linked folder is there, too.
            gone = file.path not in there and not file.path.endswith(".pyc")
            if gone and not replaced and not os.path.lexists(prefix / file.path):
                missing.setdefault(f"{record.name} {record.version}", []).append(file.path)
    with ThreadPoolExecutor(threads) as pool:
        changed = list(pool.map(lambda pair: _differs(prefix, pair[1]), suspects))
    by_package: dict[str, list[str]] = {}
    for (record, file), differs in zip(suspects, changed, strict=True):
        if differs:
            by_package.setdefault(f"{record.name} {record.version}", []).append(file.path)
    findings = [
        Finding(
            _CLOBBERED,
            "warning",
            f"pip has overwritten {len(files):,} file(s) of the conda package {package}; they are "
            "packed as they are now.",
            "Nothing need be done. To have one owner: remove the package with conda or with pip, "
            "then install it again with the other.",
            tuple(sorted(files)),
        )
        for package, files in sorted(by_package.items())
    ]
    return findings, missing


def _pip_files(prefix: Path, contents: Contents) -> tuple[set[str], set[str]]:
    """Files that packages installed by pip claim, and the names of these packages."""
    owned: set[str] = set()
    names: set[str] = set()
    for item in contents.items:
        folder, _, name = item.path.rpartition("/")
        if name != "RECORD" or not folder.endswith(".dist-info"):
            continue
        site, _, info = folder.rpartition("/")
        try:
            installer = (prefix / folder / "INSTALLER").read_text("utf-8", "replace").strip()
        except OSError:
            installer = "pip"
        if installer == "conda":
            continue
        names.add(info.removesuffix(".dist-info").rsplit("-", 1)[0].replace("-", "_").lower())
        try:
            with (prefix / item.path).open(newline="", errors="surrogateescape") as file:
                for row in csv.reader(file):
                    if row:
                        owned.add(os.path.normpath(f"{site}/{row[0]}"))
        except (OSError, csv.Error):
            continue
    return owned, names


def _differs(prefix: Path, file: RecordedFile) -> bool:
    try:
        with (prefix / file.path).open("rb", buffering=0) as stream:
            if file.size is not None and os.fstat(stream.fileno()).st_size != file.size:
                return True
            digest = hashlib.sha256()
            while piece := stream.read(1 << 20):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() != file.sha256


def _missing(missing: dict[str, list[str]], ignore: bool) -> list[Finding]:
    return [
        Finding(
            _MISSING,
            "warning" if ignore else "error",
            f"{len(files):,} file(s) of the conda package {package} are missing.",
            f"Install it again (`ma env install NAME {package.partition(' ')[0]}`), or pack with "
            "--ignore-missing-files.",
            tuple(sorted(files)),
        )
        for package, files in sorted(missing.items())
    ]


def _links(contents: Contents, ignore_missing: bool) -> list[Finding]:
    found = []
    if contents.followed:
        found.append(
            Finding(
                "outside",
                "warning",
                f"{len(contents.followed):,} link(s) lead to files outside the environment; the "
                "content of these files is packed instead of the links.",
                "Leave them out with --exclude if they are not part of the environment.",
                contents.followed,
            )
        )
    if contents.lost:
        found.append(
            Finding(
                "outside",
                "warning" if ignore_missing else "error",
                f"{len(contents.lost):,} link(s) lead to folders outside the environment or to "
                "nothing; no archive can carry them.",
                "Leave them out with --exclude PATTERN, or all of them with "
                "--ignore-missing-files.",
                contents.lost,
            )
        )
    return found
