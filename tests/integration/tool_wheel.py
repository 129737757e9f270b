"""A wheel of the working tree, made without a build: for tests of what a wheel becomes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[2]


def make_wheel(folder: Path, *, panel: bool = True) -> Path:
    """Zip the package as ``make wheel`` lays it out; a small panel stands in for the built one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requires = [f"Requires-Dist: {line}" for line in project["dependencies"]]
    version = "0.1.0"
    about = f"modelarts_nb-{version}.dist-info"
    wheel = folder / f"modelarts_nb-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted((ROOT / "modelarts_nb").rglob("*")):
            inside = path.relative_to(ROOT)
            built = "__pycache__" in inside.parts or "labextension" in inside.parts
            if path.is_file() and not built:
                archive.write(path, str(inside))
        head = ["Metadata-Version: 2.1", "Name: modelarts_nb", f"Version: {version}", *requires]
        archive.writestr(f"{about}/METADATA", "\n".join(head) + "\n")
        entries = "[jupyterlab.locale]\nmodelarts_nb = modelarts_nb\n"
        archive.writestr(f"{about}/entry_points.txt", entries)
        if panel:
            data = f"modelarts_nb-{version}.data/data/share/jupyter/labextensions/modelarts_nb"
            build = {"load": "static/remoteEntry.js", "extension": "./extension"}
            package = {"name": "modelarts_nb", "version": version, "jupyterlab": {"_build": build}}
            archive.writestr(f"{data}/package.json", json.dumps(package))
            archive.writestr(f"{data}/static/remoteEntry.js", "/* panel */\n")
    return wheel
