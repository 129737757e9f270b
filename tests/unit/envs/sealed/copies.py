"""What two places hold, compared as a user would: bytes, modes, times, links, empty folders."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.extraction import extract
from modelarts_nb.envs.sealed.merged import merge
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.slots import LENGTH

#: As long as a slot's path, and in no file of a test.
ELSEWHERE = Path("/elsewhere/slot".ljust(LENGTH, "_"))


def expanded(disk: Disk, version: Version, target: Path) -> Path:
    """What filling makes of a version, as if ``target`` were at ``ELSEWHERE``."""
    target.mkdir()
    extract(merge(version, disk), target, disk, prefix=ELSEWHERE)
    return target


def holds(root: Path, prefix: Path | None = None) -> dict[str, object]:
    """Everything below ``root`` but our own notes; ``prefix`` in files reads as ``ELSEWHERE``.

    Links that an image cannot carry (out of ``root``) are left out, as are times of folders and of
    compiled files, which nobody asks for.
    """
    found: dict[str, object] = {}
    names: dict[int, list[str]] = {}
    old = os.fsencode(prefix or ELSEWHERE)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith("conda-meta/modelarts_nb"):
            continue
        info = os.lstat(path)
        if path.is_symlink():
            text = os.readlink(path)
            inside = os.path.normpath(os.path.join(os.path.dirname(name), text))
            if not inside.startswith(".."):
                found[name] = ("link", text)
        elif path.is_dir():
            found[name] = ("dir", info.st_mode & 0o777)
        else:
            names.setdefault(info.st_ino, []).append(name)
            data = path.read_bytes().replace(old, os.fsencode(ELSEWHERE))
            time = 0 if "__pycache__" in name else int(info.st_mtime)
            found[name] = (info.st_mode & 0o777, time, data)
    found["hard links"] = sorted(same for same in names.values() if len(same) > 1)
    return found
