"""The training process of one task: a shell with the job's command, its output in the log."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from modelarts_nb.localcloud.plane.training.identity import TaskFolders

_SHELLS = ("/bin/bash", "/bin/sh")


def start(
    folders: TaskFolders, command: str, variables: Mapping[str, str], where: Path
) -> subprocess.Popen[bytes]:
    """Start it in a session of its own.

    Args:
        folders: of the task, made and prepared.
        command: text for a shell, with the paths of this machine.
        variables: its whole environment.
        where: the folder to start in.

    Raises:
        OSError: the folder is not there, or there are no processes left.
    """
    # A file, since the kernel limits the length of an argument.
    script = folders.logs / "command.sh"
    script.write_text(command + "\n", "utf-8")
    shell = next(path for path in _SHELLS if os.path.exists(path))
    with folders.log.open("ab") as log:
        return subprocess.Popen(
            [shell, str(script)],
            cwd=where,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def exit_code(returned: int) -> int:
    """As a container's: 128 and the signal's number for a process that a signal has ended."""
    return returned if returned >= 0 else 128 - returned
