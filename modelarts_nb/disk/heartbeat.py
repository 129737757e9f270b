"""A sign of life in a file: its content changes while the owner lives and reaches the disk."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.disk.process import Process, this_process


@dataclass(frozen=True)
class Timing:
    """Seconds of the protocol of DESIGN.md section 4.

    ``give_up`` must stay well below ``stale``: an owner has stopped before others take over.
    """

    beat: float = 5.0
    give_up: float = 30.0
    stale: float = 60.0


TIMING = Timing()


@dataclass(frozen=True)
class Sign:
    """What somebody else reads in a heartbeat file."""

    content: bytes
    token: str
    owner: str
    purpose: str
    since: str
    process: Process

    @staticmethod
    def parse(content: bytes) -> Sign:
        """Read a heartbeat file; of a damaged one only the content counts."""
        try:
            value = json.loads(content)
        except ValueError:
            value = None
        fields: dict[str, Any] = value if isinstance(value, dict) else {}
        process = fields.get("process")
        return Sign(
            content=content,
            token=str(fields.get("token", "")),
            owner=str(fields.get("owner", "")),
            purpose=str(fields.get("purpose", "")),
            since=str(fields.get("since", "")),
            process=Process.from_dict(process if isinstance(process, dict) else {}),
        )

    @property
    def who(self) -> str:
        """The holder in words."""
        return f"{self.owner or 'somebody'} on {self.process.host or 'another notebook'}"


class Heartbeat:
    """Keeps one file beating from a daemon thread.

    Args:
        path: the file; the caller creates it with ``first`` as its content, exclusively.
        owner: whose it is, for messages.
        purpose: what is being done, for messages.
        timing: seconds of the protocol.
    """

    def __init__(self, path: Path, owner: str, purpose: str, timing: Timing = TIMING) -> None:
        self.path = path
        self.token = uuid.uuid4().hex
        self._timing = timing
        self._record = {
            "token": self.token,
            "owner": owner,
            "purpose": purpose,
            "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "process": this_process().to_dict(),
        }
        self._count = 0
        self._last = time.monotonic()
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def first(self) -> bytes:
        """The content of the file when it is created."""
        return self._content()

    def start(self) -> None:
        """Begin to beat; the file exists."""
        self._last = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop beating. Does not wait for a disk that hangs."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)

    def ok(self) -> bool:
        """False when somebody took the file away, or nothing reached the disk for ``give_up``."""
        return not self._lost and time.monotonic() - self._last < self._timing.give_up

    def beat(self) -> None:
        """Change the content once. Failures only show in ``ok``: the disk may recover."""
        began = time.monotonic()
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            try:
                # Whoever took over may have released already and a third made a file of the same
                # name: never beat for somebody else.
                if self.token.encode() not in os.pread(fd, 4096, 0):
                    self._lost = True
                    return
                self._count += 1
                os.pwrite(fd, self._content(), 0)
            finally:
                os.close(fd)
        except FileNotFoundError:
            self._lost = True
        except OSError:
            return
        else:
            self._last = began

    def _content(self) -> bytes:
        # Fixed width: a rewrite in place never leaves a torn or shorter file to a reader.
        return json.dumps({**self._record, "beat": f"{self._count:012d}"}).encode() + b"\n"

    def _run(self) -> None:
        while not self._stop.wait(self._timing.beat):
            if self._lost:
                return
            self.beat()
