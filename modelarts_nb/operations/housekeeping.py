"""What nobody should have to think of: unfinished work of the dead, a bin that is too old, and
host keys that OpenSSH has pinned meanwhile, which a restart must not lose.

``python -m modelarts_nb.operations.housekeeping`` does it once, beside whoever started it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.staging import sweep
from modelarts_nb.envs.archive.outfile import sweep as sweep_archives
from modelarts_nb.envs.bin import purge
from modelarts_nb.envs.finishing import finish
from modelarts_nb.envs.sealed.collecting import put_back
from modelarts_nb.envs.sealed.room import clear as clear_run_root
from modelarts_nb.envs.unfinished import folder as unfinished_folder
from modelarts_nb.errors import ModelArtsNbError

# Work of another container counts as dead after a minute of silence between two looks.
_FIRST_SECONDS = 5.0
_PERIOD_SECONDS = 600.0
_GLANCE_SECONDS = 20.0


def tidy(disk: Disk | None = None) -> None:
    """Sweep and finish what the dead left, purge the bin, keep host keys and the tool. What fails
    is tried again next time."""
    with contextlib.suppress(ModelArtsNbError, OSError):
        disk = disk or open_disk()
        sweep(disk)
        finish(disk)
        for folder in (disk.archives, disk.images):
            with contextlib.suppress(ModelArtsNbError):
                sweep_archives(folder)
        with contextlib.suppress(ModelArtsNbError):
            put_back(disk)
        if disk.run.is_dir():
            with contextlib.suppress(ModelArtsNbError):
                clear_run_root(disk)
        purge(disk=disk)
        keep_pins(disk)
        keep_tool(disk)


def keep_pins(disk: Disk | None = None) -> None:
    """Have the disk know the host keys that OpenSSH has pinned; what fails is tried again."""
    # Imported here: who only wants to know whether there is something to tidy need not wait.
    from modelarts_nb.ssh.keeping import save_pins
    from modelarts_nb.ssh.places import find_places

    with contextlib.suppress(ModelArtsNbError, OSError):
        save_pins(find_places(), disk or open_disk())


def keep_tool(disk: Disk) -> None:
    """Have others know that the tool which runs this is in use."""
    # Imported here, as above.
    from modelarts_nb.tool.outdated import mark_used

    mark_used(disk)


def tidy_beside(disk: Disk) -> None:
    """Tidy in a process of its own, if there is anything at all to look at."""
    with contextlib.suppress(OSError):
        places = (disk.staging, disk.bin, unfinished_folder(disk))
        if any(os.path.isdir(place) and os.listdir(place) for place in places):
            isolated = ["-I"] if sys.flags.isolated else []
            child = subprocess.Popen(
                [sys.executable, *isolated, "-m", __name__],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
            # Else it would stay a zombie for as long as this process lives.
            threading.Thread(target=child.wait, name="reap", daemon=True).start()


def keep_tidy() -> None:
    """Tidy now and then, for as long as this process lives; never keeps it from ending."""

    def turn() -> None:
        pause = threading.Event()
        pause.wait(_FIRST_SECONDS)
        while True:
            tidy()
            watch_pins(_PERIOD_SECONDS, pause)

    threading.Thread(target=turn, name="housekeeping", daemon=True).start()


def watch_pins(seconds: float, enough: threading.Event) -> None:
    """Have the disk know host keys soon after OpenSSH has pinned them.

    Args:
        seconds: how long.
        enough: ends it earlier.
    """
    seen: tuple[int, int] | None = None
    until = time.monotonic() + seconds
    while time.monotonic() < until and not enough.is_set():
        # A look into the home, which is local; the disk is asked only where that has changed.
        if (now := _pins()) != seen:
            seen = now
            keep_pins()
        enough.wait(_GLANCE_SECONDS)


def _pins() -> tuple[int, int] | None:
    """Changes whenever a host key is pinned or forgotten; None where none is."""
    from modelarts_nb.ssh.places import find_places

    try:
        info = find_places().known_hosts.stat()
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size


if __name__ == "__main__":
    tidy()
