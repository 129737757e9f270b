"""Which files of the tool restore copies into a home, and what they must be.

The form is that of ``Tool`` in ``hook/restore.py``, which reads it with nothing but the standard
library of an old Python.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

import modelarts_nb
from modelarts_nb.disk.walk import walk
from modelarts_nb.errors import from_os_error

NAME = "manifest.json"


@dataclass(frozen=True)
class Installation:
    """Where one installation of this package lies.

    ``labextension`` is the built panel, None where there is none; ``root`` what the manifest's
    paths are relative to, None for absolute ones.
    """

    package: Path
    labextension: Path | None
    python: Path
    root: Path | None = None


def running() -> Installation:
    """The installation that runs this code."""
    package = Path(modelarts_nb.__file__).absolute().parent
    return Installation(package, find_panel(package, Path(sys.prefix)), Path(sys.executable))


def find_panel(package: Path, prefix: Path) -> Path | None:
    """The built JupyterLab extension of an installation, None where it was not built."""
    shared = prefix / "share" / "jupyter" / "labextensions" / "modelarts_nb"
    for folder in (package / "labextension", shared):
        if (folder / "package.json").is_file():
            return folder
    return None


def serves_jupyter() -> bool:
    """Is Jupyter's server in this very interpreter, so that it finds the panel by itself?"""
    return util.find_spec("jupyter_server") is not None


def describe(installation: Installation, *, jupyter: bool = True) -> bytes:
    """The manifest of an installation.

    Args:
        installation: what is to be described.
        jupyter: with the server extension and the panel.

    Raises:
        DiskFailure, AccessDenied: a file cannot be read.
    """
    package = installation.package
    site = package.parent
    try:
        hot = package / "envs" / "hot" / "kernel"
        parts = {
            "magics": _part(installation, package, ["magics.py"]),
            "hot": _part(installation, hot, sorted(file.name for file in hot.glob("*.py"))),
        }
        if jupyter:
            server = [*_below(package / "server", site), *_below(package / "locale", site)]
            about = [
                f"{folder.name}/{name}"
                for folder in sorted(site.glob("modelarts_nb-*.dist-info"))
                for name in ("METADATA", "entry_points.txt")
                if (folder / name).is_file()
            ]
            files = ["modelarts_nb/__init__.py", *server, *about]
            parts["server"] = _part(installation, site, files)
            if panel := installation.labextension:
                parts["panel"] = _part(installation, panel, _below(panel, panel))
    except OSError as error:
        raise from_os_error(error, "reading the tool's files", package) from error
    manifest = {
        "version": modelarts_nb.__version__,
        "python": _name(installation, installation.python),
        "parts": parts,
    }
    return json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"


def altered(tool: Path, manifest: bytes) -> list[str]:
    """The files that ``manifest`` names and that are missing in ``tool`` or not as it says."""
    wrong = []
    for part in json.loads(manifest)["parts"].values():
        for path, sha256 in part["files"].items():
            file = tool / part["base"] / path
            try:
                same = sha256_of(file) == sha256
            except OSError:
                same = False
            if not same:
                wrong.append(str(file))
    return wrong


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _part(installation: Installation, base: Path, files: Iterable[str]) -> dict[str, Any]:
    return {
        "base": _name(installation, base),
        "files": {path: sha256_of(base / path) for path in files},
    }


def _name(installation: Installation, path: Path) -> str:
    return str(path.relative_to(installation.root)) if installation.root else str(path)


def _below(folder: Path, base: Path) -> list[str]:
    found = []
    for path, folders, names in walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        found += [str(Path(path, name).relative_to(base)) for name in sorted(names)]
    return found
