"""The journal of one operation: a folder with ``operation.json`` and ``log.txt``.

It lies on the container's own disk, so that a hanging persistent disk cannot hide what happens.
The process that works writes ``operation.json``; everybody else only reads it while it lives.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

from modelarts_nb import config, wire
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.operations.model import Operation, from_json, now
from modelarts_nb.operations.runner import Runner

LOG_LIMIT = 8 << 20
_ID = re.compile(r"\d{8}-\d{6}-\d{3}-[0-9a-f]{6}")


def root() -> Path:
    """Where the journals lie. Never touches the persistent disk (hence the empty root)."""
    return Disk(Path(), "", config.home()).local_state / "operations"


@dataclasses.dataclass(frozen=True)
class Journal:
    """The files of one operation."""

    folder: Path

    @property
    def id(self) -> str:
        """The operation's id: sorts by time."""
        return self.folder.name

    @property
    def log_file(self) -> Path:
        """What a person reads."""
        return self.folder / "log.txt"

    @property
    def stray_file(self) -> Path:
        """What the process printed, which is nobody's intention."""
        return self.folder / "output.txt"

    @property
    def _cancel_file(self) -> Path:
        return self.folder / "cancel"

    def read(self) -> Operation:
        """The recorded operation.

        Raises:
            NotFound: there is none, or it is no record of ours.
        """
        try:
            return from_json(json.loads((self.folder / "operation.json").read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise NotFound(
                f"There is no operation {self.id}.",
                hint="It may have been dismissed. `ma operation list` shows what there is.",
                cause=str(error),
            ) from error

    def write(self, operation: Operation) -> None:
        """Record ``operation``: the old record or the new, never half of one.

        Raises:
            OSError: the local disk refused.
        """
        _replace(self.folder / "operation.json", wire.dumps(operation))

    def heard(self) -> float:
        """When the record was last written (seconds since the epoch)."""
        try:
            return (self.folder / "operation.json").stat().st_mtime
        except OSError:
            return 0.0

    def log(self, line: str) -> None:
        """Append to the log; a log nobody could read any more is not made longer."""
        with contextlib.suppress(OSError), self.log_file.open("ab") as file:
            if file.tell() < LOG_LIMIT:
                stamp = time.strftime("%H:%M:%S")
                file.write(f"{stamp} {line.rstrip()}\n".encode("utf-8", "backslashreplace"))

    def set_runner(self, runner: Runner) -> None:
        """Record who works on it."""
        _replace(self.folder / "runner.json", wire.dumps(runner.to_dict()))

    def runner(self) -> Runner | None:
        """Who works on it; None while nobody has said so."""
        try:
            return Runner.from_dict(json.loads((self.folder / "runner.json").read_bytes()))
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None

    def ask_cancel(self) -> None:
        """Leave the mark that asks the process to stop."""
        with contextlib.suppress(FileExistsError):
            self._cancel_file.touch(exist_ok=False)

    def cancel_asked(self) -> float | None:
        """When somebody asked to stop (seconds since the epoch), else None."""
        try:
            return self._cancel_file.stat().st_mtime
        except OSError:
            return None

    def keep_stray_output(self) -> str:
        """Move what the process printed into the log; returns its last lines."""
        try:
            text = self.stray_file.read_bytes()[-8192:].decode("utf-8", "replace").strip()
            self.stray_file.unlink()
        except OSError:
            return ""
        if text:
            self.log("printed by the process:\n" + text)
        return text[-1000:]


def create(verb: str, params: dict[str, Any], owner: str) -> tuple[Journal, Operation]:
    """Begin a journal.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the container's own disk refused it.
    """
    clock = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock))
    name = f"{stamp}-{int(clock * 1000) % 1000:03}-{secrets.token_hex(3)}"
    journal = Journal(root() / name)
    operation = Operation(name, verb, params, owner, now())
    try:
        journal.folder.mkdir(parents=True, mode=0o700)
        journal.log_file.touch()
        journal.write(operation)
    except OSError as error:
        raise from_os_error(error, "beginning the journal", journal.folder) from error
    return journal, operation


def find(id: str) -> Journal:
    """The journal of an operation.

    Raises:
        NotFound: there is none of this id.
    """
    journal = Journal(root() / id)
    if not _ID.fullmatch(id) or not journal.folder.is_dir():
        raise NotFound(
            f"There is no operation {id!r}.",
            hint="It may have been dismissed. `ma operation list` shows what there is.",
        )
    return journal


def every() -> list[Journal]:
    """All journals, newest first."""
    try:
        names = os.listdir(root())
    except OSError:
        return []
    return [Journal(root() / name) for name in sorted(names, reverse=True) if _ID.fullmatch(name)]


def _replace(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        # Names of files may hold bytes that are no text; json.loads reads them back.
        staged.write_bytes(text.encode("utf-8", "surrogatepass"))
        staged.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            staged.unlink()
        raise
