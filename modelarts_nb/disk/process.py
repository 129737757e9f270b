"""Which process holds something on the disk, and whether it is known to be dead.

Containers share the disk and repeat pids, so a pid alone says nothing: it counts only together
with the boot, the pid namespace and the start time, and only when these are this process's own.
"""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Fate = Literal["alive", "dead", "unknown"]


@dataclass(frozen=True)
class Process:
    """A process as others on the disk recognise it; fields are empty where ``/proc`` is bare."""

    host: str
    boot: str
    pid_namespace: str
    pid: int
    started: str

    def fate(self) -> Fate:
        """``dead`` or ``alive`` when it is (was) a process of this container, else ``unknown``."""
        here = this_process()
        same = (self.host, self.boot, self.pid_namespace) == (
            here.host,
            here.boot,
            here.pid_namespace,
        )
        if not (same and self.boot and self.pid_namespace and self.pid > 0):
            return "unknown"
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return "dead"
        except OSError:
            pass  # not ours to signal, but there
        state, started = _state_and_start(self.pid)
        if started and (started != self.started or state in "ZX"):
            return "dead"
        return "alive"

    def to_dict(self) -> dict[str, Any]:
        """As it is written into lock and owner files."""
        return asdict(self)

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Process:
        """The process of a lock or owner file; of a damaged one, a process nothing is known of."""
        pid = value.get("pid")
        keys = ("host", "boot", "pid_namespace", "started")
        text = {key: str(value.get(key, "")) for key in keys}
        return Process(pid=pid if isinstance(pid, int) else 0, **text)


def this_process() -> Process:
    """The process that asks."""
    return process_of(os.getpid())


def process_of(pid: int) -> Process:
    """The process of this container that has ``pid`` now."""
    return Process(socket.gethostname(), boot_id(), pid_namespace(), pid, _state_and_start(pid)[1])


def boot_id() -> str:
    """The kernel's random number of this boot, or an empty string."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def pid_namespace() -> str:
    """The name of the pid namespace, unique among the living ones of one boot."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _state_and_start(pid: int) -> tuple[str, str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes().decode("utf-8", "replace")
    except OSError:
        return "", ""
    # The command's name is in parentheses and may hold spaces and parentheses itself.
    fields = text.rpartition(")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else ("", "")
