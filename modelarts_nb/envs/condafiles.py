"""What conda reads to know environments by name, beside the user's own ``.condarc``."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.prefixes import disk_prefixes, is_meta
from modelarts_nb.envs.sealed import slots
from modelarts_nb.errors import from_os_error


def names_folder(disk: Disk) -> Path:
    """Where links to the local copies of sealed environments lie, called like these.

    Conda knows a sealed environment by its link: that stays the same whatever version it leads to.
    """
    return disk.home / ".ma" / "envs"


def tell_conda(disk: Disk) -> None:
    """Let ``conda activate NAME`` and ``conda env list`` know the environments of the disk.

    ``~/.conda/condarc.d/modelarts_nb.yml`` names the envs dir and the folder of links to sealed
    environments, and merges with the user's ``.condarc``; in ``~/.conda/environments.txt`` only
    lines about these change.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the home or the envs dir refused.
    """
    folder, links = disk.home / ".conda", names_folder(disk)
    try:
        present = [prefix for prefix in disk_prefixes(disk) if _is_environment(prefix)]
        present += _link(disk, links, {prefix.name for prefix in present})
        (folder / "condarc.d").mkdir(parents=True, exist_ok=True)
        # A JSON string is a YAML string.
        places = [json.dumps(str(place), ensure_ascii=False) for place in (disk.envs, links)]
        settings = "envs_dirs:\n" + "".join(f"  - {place}\n" for place in places)
        _update(folder / "condarc.d" / "modelarts_nb.yml", settings)
        listed = folder / "environments.txt"
        lines = listed.read_text("utf-8").splitlines() if listed.exists() else []
        ours = tuple(f"{place}/" for place in (disk.envs, disk.private, links))
        others = [line for line in lines if line.strip() and not line.startswith(ours)]
        _update(listed, "".join(f"{line}\n" for line in [*others, *map(str, present)]))
    except OSError as error:
        raise from_os_error(error, "telling conda", folder) from error


def _link(disk: Disk, links: Path, open_: set[str]) -> list[Path]:
    """Let each link lead to what kernels of its environment start from; the links, by name."""
    wanted = {slot.name: slot.path for slot in slots.chosen(disk) if slot.name not in open_}
    if wanted:
        links.mkdir(parents=True, exist_ok=True)
    for link in links.iterdir() if links.is_dir() else ():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, path in wanted.items():
        link = links / name
        if os.path.lexists(link) and not link.is_symlink():
            continue  # somebody's own
        if not link.is_symlink() or os.readlink(link) != str(path):
            fresh = links / f".{uuid.uuid4().hex}"
            fresh.symlink_to(path)
            fresh.replace(link)
    return [links / name for name in wanted]


def _is_environment(prefix: Path) -> bool:
    try:
        return is_meta(os.listdir(prefix / "conda-meta"))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _update(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        replace_file(path, text.encode())
