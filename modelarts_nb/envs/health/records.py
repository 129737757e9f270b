"""Do the files match the records in ``conda-meta``?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelarts_nb.envs.change import reinstall
from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.missing import is_missing
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.sealed import slots

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


def _differs(prefix: Path, file: _Managed, deep: bool, sealed: bool) -> str:
    """Empty, ``missing``, ``changed`` or ``unreadable``."""
    path = prefix / file.path
    if is_missing(prefix, file.path):
        return "missing"
    if not deep or file.is_link or not file.sha256 or file.path.endswith(".pyc"):
        return ""
    if path.is_symlink():
        return ""
    try:
        if _sha256(path) == file.sha256:
            return ""
        # Records of a sealed one are those of its image.
        return "" if sealed and _sha256(path, prefix) == file.sha256 else "changed"
    except (PermissionError, IsADirectoryError):
        return "unreadable"


def _sha256(path: Path, slot: Path | None = None) -> str:
    """The checksum of a file; with ``slot`` that of the file in the image it was filled from."""
    old, new = os.fsencode(slot or ""), os.fsencode(slots.PLACEHOLDER)
    digest, kept = hashlib.sha256(), b""
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            if slot:
                block = (kept + block).replace(old, new)
                # One may lie across two blocks.
                kept, block = block[len(block) - len(old) + 1 :], block[: len(block) - len(old) + 1]
            digest.update(block)
    digest.update(kept)
    return digest.hexdigest()


def _examine(patient: Patient) -> Finding:
    try:
        files = list(_managed(patient.prefix))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Finding(
            "records", "error", f"A record in conda-meta cannot be read: {error}.", files=()
        )
    patient.progress.phase("checking", files=len(files))

    def look(file: _Managed) -> str:
        patient.progress.advance(files=1)
        return _differs(patient.prefix, file, patient.deep, patient.sealed)

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(look, files))
    wrong = {
        kind: [f for f, answer in zip(files, answers, strict=True) if answer == kind]
        for kind in ("missing", "unreadable", "changed")
    }
    if found := wrong["missing"]:
        return _found(
            "error", found, "missing", "Install these packages again." if patient.ours else ""
        )
    if found := wrong["unreadable"]:
        return _found("error", found, "not to be read: look at their owner and mode")
    if found := wrong["changed"]:
        return _found(
            "warning",
            found,
            "not as conda installed them: edited by hand, or pip wrote over them",
        )
    how = "match their records" if patient.deep else "are there"
    return Finding("records", "ok", f"All {len(files):,} managed files {how}.")


def _found(
    level: Literal["warning", "error"], files: list[_Managed], what: str, fix: str = ""
) -> Finding:
    packages = ", ".join(sorted({f.package for f in files})[:8])
    many = f"{len(files):,} files of {packages} are"
    if len(files) == 1:
        many = f"A file of {packages} is"
    return Finding("records", level, f"{many} {what}.", fix, tuple(f.path for f in files))


def _mend(patient: Patient) -> None:
    reinstall(patient.called, disk=patient.disk, progress=patient.progress)


PROBE = Probe("records", _examine, _mend, locks=True)
