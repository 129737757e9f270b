"""SFTP for a notebook: starts at home, knows the container's paths."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh

from modelarts_nb.localcloud.plane.containerpaths import HOME, in_container, on_machine
from modelarts_nb.localcloud.plane.folders import Folders


class Files(asyncssh.SFTPServer):
    """One SFTP session. ``/home/ma-user``, its ``work`` and ``/data`` are the notebook's own."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], folders: Folders) -> None:
        super().__init__(channel)
        self._folders = folders

    def map_path(self, path: bytes) -> bytes:
        text = os.fsdecode(path)
        absolute = text if text.startswith("/") else f"{HOME}/{text}"
        return os.fsencode(on_machine(absolute, self._folders))

    def reverse_map_path(self, path: bytes) -> bytes:
        return os.fsencode(in_container(Path(os.fsdecode(path)), self._folders))
