"""Host keys of containers, pinned when first met, in a file of ours that OpenSSH reads too."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import asyncssh

from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import UsageError, from_os_error
from modelarts_nb.shell.errors import HostKeyChanged
from modelarts_nb.ssh.places import Places

_MARK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def mark_of(job: str, task: str) -> str:
    """What a task's host key is pinned under. Each job has containers of its own.

    Raises:
        UsageError: the ids cannot stand in a file of OpenSSH.
    """
    mark = f"{job}-{task}"
    if not _MARK.fullmatch(mark):
        raise UsageError(f"{job!r} and {task!r} cannot be a job and its task.")
    return mark


@dataclass(frozen=True)
class HostPins:
    """What is pinned under one mark."""

    places: Places
    mark: str

    def known(self) -> list[asyncssh.SSHKey]:
        """The keys that were met before; none where the container is new.

        Raises:
            AccessDenied, DiskFailure: the file cannot be read.
        """
        keys: list[asyncssh.SSHKey] = []
        for line in self._text().splitlines():
            try:
                found = asyncssh.import_known_hosts(line + "\n").match(self.mark, "", None)
            except (ValueError, asyncssh.Error):
                continue  # a line of a newer OpenSSH, or one that was damaged, pins nothing
            keys += found[0]
        return keys

    def pin(self, key: asyncssh.SSHKey) -> None:
        """Pin a key, if it is not there.

        Raises:
            AccessDenied, DiskFull, DiskFailure: the home refused.
        """
        if key in self.known():
            return
        self.places.make()
        old = self._text()
        body = " ".join(key.export_public_key().decode().split()[:2])
        ended = old if not old or old.endswith("\n") else old + "\n"
        text = f"{ended}{self.mark} {body}\n"
        replace_file(self.places.known_hosts, text.encode("utf-8", "surrogateescape"), 0o600)

    def changed(self, task: str) -> HostKeyChanged:
        """The refusal of another key than the pinned one."""
        return HostKeyChanged(
            f"The host key of {task} is not the one that was pinned when it was first met.",
            hint="If the platform started the container again (the job's events say so), forget "
            f"the old key: `ssh-keygen -R {self.mark} -f {self.places.known_hosts}`. If not, "
            "somebody else answers at its address: ask who runs the network.",
        )

    def _text(self) -> str:
        path = self.places.known_hosts
        try:
            return path.read_text("utf-8", "surrogateescape") if os.path.lexists(path) else ""
        except OSError as error:
            raise from_os_error(error, f"reading {path}", path) from error
