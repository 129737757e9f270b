"""Which files pip unpacked from wheels that were built elsewhere: they cannot name the prefix.

pip writes the prefix into scripts, into its own notes and into what it compiles here. The rest of
a wheel it copies as it is, and one with a ``manylinux`` or ``musllinux`` tag was never built on the
machine it is installed on: such tags are given for an index, what is built here is ``linux``
(https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/).
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.scan import Entry
from modelarts_nb.envs.records import python_version, record_names, site_packages

_THREADS = 16
_ELSEWHERE = re.compile(rb"^Tag: *\S*-(?:many|musl)linux\S* *\r?$", re.MULTILINE)
_ANY_TAG = re.compile(rb"^Tag:", re.MULTILINE)
# path, hash, size: a path that is quoted, or leads out of site-packages, is none of these.
_LINE = re.compile(rb'^([^",\n][^",\n]*),sha256=[^,\n]+,(\d+)\r?$', re.MULTILINE)


@dataclass(frozen=True)
class Unpacked:
    """One file: its size in the wheel, and when (mtime, ns) its package was installed."""

    size: int
    installed_ns: int

    def is_still(self, entry: Entry) -> bool:
        """Is this what was unpacked? As far as size and time can tell, which conda believes too."""
        return entry.size == self.size and entry.mtime_ns <= self.installed_ns


def unpacked_files(prefix: Path) -> dict[str, Unpacked]:
    """The files of the environment at ``prefix`` that came from such wheels, by their path in it.

    What cannot be read is left out.
    """
    site = site_packages(prefix, python_version(record_names(prefix)))
    try:
        names = sorted(os.listdir(site)) if site else []
    except OSError:
        return {}
    if site is None:
        return {}
    inside = site.relative_to(prefix).as_posix()
    folders = [site / name for name in names if name.endswith(".dist-info")]
    files: dict[str, Unpacked] = {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(lambda folder: _of(folder, inside), folders):
            files |= found
    return files


def _of(folder: Path, inside: str) -> dict[str, Unpacked]:
    try:
        tags = (folder / "WHEEL").read_bytes()
        if len(_ANY_TAG.findall(tags)) != len(_ELSEWHERE.findall(tags)) or b"Tag:" not in tags:
            return {}
        # Written when everything else is there, and by nobody later. (RECORD is, by us.)
        installed = os.stat(folder / "INSTALLER").st_mtime_ns
        record = (folder / "RECORD").read_bytes()
    except OSError:
        return {}
    own = f"{folder.name}/".encode()
    return {
        f"{inside}/{os.fsdecode(path)}": Unpacked(int(size), installed)
        for path, size in _LINE.findall(record)
        if not path.startswith((b"..", b"/", own))
    }
