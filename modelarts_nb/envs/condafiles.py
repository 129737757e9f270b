"""What conda reads to know environments by name, beside the user's own ``.condarc``."""

from __future__ import annotations

import json
import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.prefixes import disk_prefixes, is_meta
from modelarts_nb.errors import from_os_error


def tell_conda(disk: Disk) -> None:
    """Let ``conda activate NAME`` and ``conda env list`` know the environments of the disk.

    ``~/.conda/condarc.d/modelarts_nb.yml`` names the envs dir and merges with the user's
    ``.condarc``; in ``~/.conda/environments.txt`` only lines about the envs dir change.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the home or the envs dir refused.
    """
    folder = disk.home / ".conda"
    try:
        present = [str(prefix) for prefix in disk_prefixes(disk) if _is_environment(prefix)]
        (folder / "condarc.d").mkdir(parents=True, exist_ok=True)
        # A JSON string is a YAML string.
        settings = f"envs_dirs:\n  - {json.dumps(str(disk.envs), ensure_ascii=False)}\n"
        _update(folder / "condarc.d" / "modelarts_nb.yml", settings)
        listed = folder / "environments.txt"
        lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
        private = (f"{disk.envs}/", f"{disk.private}/")
        others = [line for line in lines if line.strip() and not line.startswith(private)]
        _update(listed, "".join(f"{line}\n" for line in [*others, *present]))
    except OSError as error:
        raise from_os_error(error, "telling conda", folder) from error


def _is_environment(prefix: Path) -> bool:
    try:
        return is_meta(os.listdir(prefix / "conda-meta"))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _update(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        replace_file(path, text.encode())
