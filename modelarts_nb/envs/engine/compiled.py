"""Compiled Python for packages that bring only source: conda compiles them, rattler does not."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from modelarts_nb.disk.walk import walk
from modelarts_nb.envs.engine.program import run_program
from modelarts_nb.envs.records import python_version, read_record, record_names, site_packages
from modelarts_nb.envs.swap import swap_content
from modelarts_nb.errors import EngineFailed, from_os_error
from modelarts_nb.progress import SILENT, Progress

_BATCH = 400

# Runs in the environment's own Python, 2.7 or newer. Takes [[source, shown as], ...]; what does not
# compile (files for another Python) stays uncompiled, as with conda.
_COMPILE = """
import json, py_compile, sys
for source, shown in json.load(sys.stdin):
    try:
        py_compile.compile(source, dfile=shown, doraise=True)
    except Exception:
        pass
"""


def compile_missing(root: Path, final: Path, *, progress: Progress = SILENT) -> int:
    """Compile what in ``site-packages`` is not, several at once, and note it in conda's records.

    Args:
        root: where the environment lies now.
        final: the prefix it will have; compiled files name it in tracebacks.

    Returns:
        How many files were compiled.

    Raises:
        DiskFull, DiskFailure, AccessDenied: a folder cannot be listed, a record not written.
        Cancelled: the user's wish.
    """
    site = site_packages(root, python_version(record_names(root)))
    python = root / "bin" / "python"
    if site is None or not python.exists():
        return 0
    try:
        wanted = [path for path in _sources(site) if not _compiled(path, _tag(site))]
    except OSError as error:
        raise from_os_error(error, "looking for what is not compiled", site) from error
    if not wanted:
        return 0
    progress.phase("compiling", files=len(wanted))
    batches = [wanted[i : i + _BATCH] for i in range(0, len(wanted), _BATCH)]

    def one(batch: list[Path]) -> None:
        jobs = [[str(path), str(final / path.relative_to(root))] for path in batch]
        try:
            run_program(
                [str(python), "-E", "-S", "-B", "-c", _COMPILE],
                environment=clean_environment(root),
                given=json.dumps(jobs),
                progress=progress,
            )
        except EngineFailed as error:
            # An interpreter that does not start is found by whoever uses it; files stay source.
            progress.log(f"not compiled: {error.message} {error.cause}")
        progress.advance(files=len(batch))

    with ThreadPoolExecutor(min(8, os.cpu_count() or 2)) as pool:
        list(pool.map(one, batches))
    try:
        _note(root, _tag(site))
    except OSError as error:
        raise from_os_error(error, "noting compiled files", root) from error
    return sum(1 for path in wanted if _compiled(path, _tag(site)))


def drop_naming(root: Path, places: Sequence[str]) -> None:
    """Remove compiled files that name one of ``places``, for ``compile_missing`` to make anew.

    Raises:
        DiskFailure, AccessDenied: one cannot be removed.
    """
    named = [os.fsencode(place) for place in places]
    site = site_packages(root, python_version(record_names(root)))
    try:
        for path in site.rglob("*.pyc") if site else ():
            data = path.read_bytes()
            if any(place in data for place in named):
                path.unlink()
    except OSError as error:
        raise from_os_error(error, "removing compiled files", root) from error


def clean_environment(prefix: Path) -> dict[str, str]:
    """Our variables without those that would lead the Python at ``prefix`` astray."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "LD_", "CONDA_")) and key != "VIRTUAL_ENV"
    }
    kept["PATH"] = f"{prefix / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    kept["CONDA_PREFIX"] = str(prefix)
    kept["PYTHONNOUSERSITE"] = "1"
    return kept


def _tag(site: Path) -> str:
    """``cpython-311`` for ``lib/python3.11/site-packages``."""
    return "cpython-" + site.parent.name.removeprefix("python").replace(".", "")


def _sources(site: Path) -> list[Path]:
    found = []
    for folder, folders, files in walk(site):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [Path(folder, name) for name in files if name.endswith(".py")]
    return sorted(found)


def _compiled(source: Path, tag: str) -> bool:
    return (source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc").exists()


def _note(root: Path, tag: str) -> None:
    """Let the records of noarch packages own their compiled files, so that they go with them."""
    for name in record_names(root):
        record = read_record(root, name)
        if record.get("noarch") != "python" or not isinstance(record.get("paths_data"), dict):
            continue
        paths: list[Any] = record["paths_data"].get("paths") or []
        known = {item.get("_path") for item in paths if isinstance(item, dict)}
        new = []
        for source in sorted(path for path in known if isinstance(path, str)):
            folder, _, stem = source.rpartition("/")
            compiled = f"{folder}/__pycache__/{stem.removesuffix('.py')}.{tag}.pyc"
            is_source = source.endswith(".py") and "site-packages/" in source
            if is_source and compiled not in known and (root / compiled).exists():
                new.append(compiled)
        if new:
            paths += [{"_path": path, "path_type": "pyc_file"} for path in new]
            record["paths_data"]["paths"] = paths
            record["files"] = [*(record.get("files") or []), *new]
            text = json.dumps(record, indent=2, ensure_ascii=False)
            swap_content(root / "conda-meta" / name, text.encode())
