"""Who opened which shell: lines of JSON, one when a session begins and one when it ends.

``shell.ndjson`` beside the journals on the container's own disk, and in the owner's folder on the
persistent disk, as well as that can be done. Of two lines of one ``id`` the later counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb import config, wire
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.operations.model import now
from modelarts_nb.operations.record import PATIENCE
from modelarts_nb.shell.session import Exit
from modelarts_nb.shell.target import Target

_FILE = "shell.ndjson"
# Characters of a command, and bytes of a file, of which the older half is then let go.
_LONGEST, _LARGEST = 2000, 4 << 20


@dataclass(frozen=True)
class ShellSession:
    """One terminal or command in a container. Times as in journals; ``ended`` None: it runs, or its
    process was killed. ``command`` None: a login shell."""

    id: str
    who: str
    job: str
    job_name: str
    task: str
    transport: str
    command: str | None
    started: str
    ended: str | None = None
    exit_code: int | None = None
    error: str = ""


class Audit:
    """Writes down every session it is told of. See ``shell.watching.Watch``.

    Args:
        user: who it is for, where several use one server.
    """

    def __init__(self, user: str = "") -> None:
        self._who = f"{_who()} ({user})" if user else _who()

    def opened(self, target: Target, command: str | None) -> ShellSession:
        """A session begins."""
        session = ShellSession(
            id=secrets.token_hex(8),
            who=self._who,
            job=target.job,
            job_name=target.name,
            task=target.task,
            transport=target.transport,
            command=command[:_LONGEST] if command is not None else None,
            started=now(),
        )
        _write(session)
        return session

    def ended(self, token: object, exit: Exit | None, error: ModelArtsNbError | None) -> None:
        """It has ended."""
        assert isinstance(token, ShellSession)
        _write(
            dataclasses.replace(
                token,
                ended=now(),
                exit_code=exit.code if exit is not None else None,
                error=error.code if error is not None else "",
            )
        )


def list_sessions() -> list[ShellSession]:
    """The sessions of this container, the newest first."""
    found: dict[str, ShellSession] = {}
    with contextlib.suppress(OSError):
        for line in _local().read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError, TypeError):
                session = ShellSession(**json.loads(line))
                found[session.id] = session
    # Sorting keeps the order of two of the same millisecond: so first, then turned round.
    return sorted(found.values(), key=lambda session: session.started)[::-1]


def _who() -> str:
    """The owner, else the user of the system."""
    try:
        if owner := open_disk().owner:
            return owner
    except (ModelArtsNbError, OSError):
        pass
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _local() -> Path:
    return Disk(Path(), "", config.home()).local_state / _FILE


def _write(session: ShellSession) -> None:
    line = (wire.dumps(session) + "\n").encode("utf-8", "backslashreplace")
    _append(_local(), line)
    if session.ended is not None:
        # The disk may hang; a shell has ended all the same.
        writer = threading.Thread(target=_to_disk, args=(line,), name="audit", daemon=True)
        writer.start()
        writer.join(PATIENCE)


def _to_disk(line: bytes) -> None:
    with contextlib.suppress(ModelArtsNbError, OSError):
        _append(open_disk().own / _FILE, line)


def _append(path: Path, line: bytes) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(fd, "ab") as file:
            if file.tell() > _LARGEST:
                kept = path.read_bytes()[-_LARGEST // 2 :].partition(b"\n")[2]
                file.truncate(0)
                file.write(kept)
            file.write(line)
