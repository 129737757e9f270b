"""Shells in the containers of running jobs: a terminal, a command, a copy.

The Python API is this package's functions: the verbs of ``ma shell``.

>>> from modelarts_nb import shell
>>> shell.execute("mine", "nvidia-smi", all_tasks=True).tasks[0].stdout  # doctest: +SKIP
>>> shell.copy("mine:/cache/out", ".")  # doctest: +SKIP

They are those of ``operations.shell``, which also writes the audit. Who needs the interface of all
shells takes ``shell.session``. Everything is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelarts_nb.lazy import shown

if TYPE_CHECKING:
    from modelarts_nb.operations.shell import (
        Executed,
        TaskOutput,
        copy,
        execute,
        process_environments,
        targets,
    )
    from modelarts_nb.shell.choosing import ExecOptions
    from modelarts_nb.shell.copying import Copied
    from modelarts_nb.shell.target import Target

_HOMES = {
    "Copied": ".copying",
    "ExecOptions": ".choosing",
    "Executed": "..operations.shell",
    "Target": ".target",
    "TaskOutput": "..operations.shell",
    "copy": "..operations.shell",
    "execute": "..operations.shell",
    "process_environments": "..operations.shell",
    "targets": "..operations.shell",
}

__all__ = [
    "Copied",
    "ExecOptions",
    "Executed",
    "Target",
    "TaskOutput",
    "copy",
    "execute",
    "process_environments",
    "targets",
]

__getattr__, __dir__ = shown(__name__, _HOMES)
