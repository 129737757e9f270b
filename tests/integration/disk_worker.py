"""Programs that the fault tests run, stop and kill: each lands one small environment.

Run as ``python -m tests.integration.disk_worker ROOT HOME SOURCE NAME MOMENT``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelarts_nb.disk import landing
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import Entry, scan
from modelarts_nb.disk.staging import land, staged
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.errors import ModelArtsNbError


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _before(name: str, act: Callable[[], None]) -> None:
    """Let ``act`` happen when landing calls its function ``name``."""
    call: Any = getattr(landing, name)

    def wrapped(*args: Any) -> Any:
        act()
        return call(*args)

    setattr(landing, name, wrapped)


def main(root: Path, home: Path, source: Path, name: str, moment: str) -> None:
    """Copy ``source`` to the environment ``name``; ``moment`` says what happens on the way."""
    disk = Disk(root, "child", home)
    seen = 0

    def content(entry: Entry, fd: int) -> None:
        nonlocal seen
        seen += 1
        if moment == "copying" and seen == 20:
            _kill()

    moments: dict[str, tuple[str, Callable[[], None]]] = {
        "syncing": ("sync_tree", _kill),
        "renaming": ("_rename_once", _kill),
        "renamed": ("_twins", _kill),
        "landed": ("sync_folder", _kill),
        "asleep": ("sync_tree", _stop),
    }
    if moment in moments:
        _before(*moments[moment])
    try:
        with lock(disk, name), staged(disk, name) as stage:
            copy_tree(scan(source), stage.path / "content", content=content)
            land(stage, stage.path / "content", disk.envs / name)
    except ModelArtsNbError as error:
        print(error.code)
    else:
        print("landed")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4], sys.argv[5])
