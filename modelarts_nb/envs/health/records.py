"""Do the files match the records in ``conda-meta``?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.model import Finding

_THREADS = 32


@dataclass(frozen=True)
class _Managed:
    package: str
    path: str
    sha256: str
    is_link: bool


def _managed(prefix: Path) -> Iterator[_Managed]:
    """Every file that a conda package brought."""
    for record in sorted((prefix / "conda-meta").glob("*.json")):
        value = json.loads(record.read_text("utf-8"))
        paths = value.get("paths_data", {}).get("paths") or []
        if not paths:
            paths = [{"_path": path} for path in value.get("files", [])]
        for item in paths:
            yield _Managed(
                value["name"],
                item["_path"],
                item.get("sha256_in_prefix") or item.get("sha256") or "",
                item.get("path_type") == "softlink",
            )


def _differs(prefix: Path, file: _Managed, deep: bool) -> str:
    """Empty, ``missing`` or ``changed``."""
    path = prefix / file.path
    if not os.path.lexists(path):
        # Old records list bytecode that a later Python of the environment may have replaced.
        return "" if file.path.endswith(".pyc") else "missing"
    bytecode = file.path.endswith(".pyc")
    if not deep or file.is_link or path.is_symlink() or not file.sha256 or bytecode:
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return "" if digest.hexdigest() == file.sha256 else "changed"


def _examine(patient: Patient) -> Finding:
    try:
        files = list(_managed(patient.prefix))
    except (OSError, ValueError, KeyError) as error:
        return Finding(
            "records", "error", f"A record in conda-meta cannot be read: {error}.", files=()
        )
    patient.progress.phase("checking", files=len(files))

    def look(file: _Managed) -> str:
        patient.progress.advance(files=1)
        return _differs(patient.prefix, file, patient.deep)

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(look, files))
    missing = [f for f, answer in zip(files, answers, strict=True) if answer == "missing"]
    changed = [f for f, answer in zip(files, answers, strict=True) if answer == "changed"]
    if missing:
        packages = ", ".join(sorted({f.package for f in missing})[:8])
        return Finding(
            "records",
            "error",
            f"{len(missing):,} files of {packages} are missing. "
            f"`ma env install {patient.name} PACKAGE` brings a package back.",
            files=tuple(f.path for f in missing),
        )
    if changed:
        packages = ", ".join(sorted({f.package for f in changed})[:8])
        return Finding(
            "records",
            "warning",
            f"{len(changed):,} files of {packages} are not as conda installed them: "
            "edited by hand, or pip wrote over them.",
            files=tuple(f.path for f in changed),
        )
    how = "match their records" if patient.deep else "are there"
    return Finding("records", "ok", f"All {len(files):,} managed files {how}.")


PROBE = Probe("records", _examine)
