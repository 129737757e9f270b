"""Where the tool is: the interpreter that has the rest of this package.

Only local files are looked at; the tool itself may lie on a disk that hangs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from modelarts_nb.server.problem import Problem

RECORD = ".local/share/modelarts_nb/tool.json"


def worker_command(folder: str) -> list[str]:
    """The command that runs a worker.

    Args:
        folder: what relative paths are relative to.

    Raises:
        Problem: 503 ``tool_missing``.
    """
    return _command("worker", folder)


def shell_command() -> list[str]:
    """The command that runs one shell session. Nothing of a browser is part of it.

    Raises:
        Problem: 503 ``tool_missing``.
    """
    return _command("shellworker")


def _command(module: str, *words: str) -> list[str]:
    if (Path(__file__).parent.parent / f"{module}.py").is_file():
        command = [sys.executable, "-m", f"modelarts_nb.{module}", *words]
    else:
        command = [_recorded_python(), "-I", "-m", f"modelarts_nb.{module}", *words]
    # The shell is there to wait in our place: starting a program waits until the kernel has
    # opened it, and the tool's interpreter may lie on a disk that does not answer.
    return ["/bin/sh", "-c", 'exec "$0" "$@"', *command]


def _recorded_python() -> str:
    record = Path(os.environ.get("HOME") or "/home/ma-user") / RECORD
    try:
        python = json.loads(record.read_text("utf-8"))["python"]
        if isinstance(python, str) and python:
            return python
        cause = f"{record} names no python"
    except (OSError, ValueError, KeyError, TypeError) as error:
        cause = str(error)
    raise Problem(
        503,
        "tool_missing",
        "The tool of modelarts_nb is not in this container.",
        "In a terminal with `ma`, run `ma hook install`, or run the restore hook again.",
        cause,
    )
