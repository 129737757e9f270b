"""The final record of an operation, kept on the persistent disk for after a restart."""

from __future__ import annotations

import contextlib
import os
import threading

from modelarts_nb import wire
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.operations.model import Operation

KEPT = 200
PATIENCE = 2.0


def keep_record(disk: Disk, operation: Operation) -> None:
    """Write it to ``owners/<owner>/journals``, as well as that can be done.

    The disk may be full or hang: the operation has ended all the same, so nothing is raised and
    it is waited for ``PATIENCE`` seconds at most.
    """
    writer = threading.Thread(target=_write, args=(disk, operation), name="record", daemon=True)
    writer.start()
    writer.join(PATIENCE)


def _write(disk: Disk, operation: Operation) -> None:
    folder = disk.own / "journals"
    with contextlib.suppress(OSError, ModelArtsNbError):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{operation.id}.json", wire.dumps(operation, indent=2).encode())
        for name in sorted(os.listdir(folder))[:-KEPT]:
            (folder / name).unlink()
