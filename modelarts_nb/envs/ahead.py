"""Asking the disk for what will be asked anyway, while the rest of the program is being imported.

The look-ups in one folder are answered one after the other, however many threads ask: for a
hundred environments on a disk of 1 ms that takes longer than to import all of ``ma``.
"""

from __future__ import annotations

import contextlib
import os
import threading

from modelarts_nb.disk.persistent import open_disk
from modelarts_nb.envs.prefixes import disk_prefixes
from modelarts_nb.errors import ModelArtsNbError


def look_ahead() -> threading.Thread:
    """Let the system look up every environment of the disk, beside whoever calls.

    It remembers them for some seconds. Nothing is returned and no error raised: who asks in earnest
    hears of it.
    """
    thread = threading.Thread(target=_look, name="look ahead", daemon=True)
    thread.start()
    return thread


def _look() -> None:
    with contextlib.suppress(ModelArtsNbError):
        for prefix in disk_prefixes(open_disk()):
            with contextlib.suppress(OSError):
                os.lstat(prefix)
