"""The host key of a notebook: made once, kept as long as the notebook is."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh


def host_key(folder: Path) -> asyncssh.SSHKey:
    """The key in the notebook's folder, made there (Ed25519, mode 0600) when it is missing.

    Raises:
        OSError, asyncssh.KeyImportError: the file is damaged; it is not replaced, since a client
            that has pinned the key would take the new one for an attack.
    """
    path = folder / "ssh_host_ed25519_key"
    try:
        return asyncssh.import_private_key(path.read_bytes())
    except FileNotFoundError:
        key = asyncssh.generate_private_key("ssh-ed25519", comment=folder.name)
        fresh = folder / ".ssh_host_ed25519_key.fresh"
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, "wb") as file:
            file.write(key.export_private_key())
        fresh.replace(path)
        return key
