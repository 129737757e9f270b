"""What goes into the laptop's own ``~/.ssh/config``: VS Code and PyCharm read that, not the
container's."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

from modelarts_nb.errors import UsageError
from modelarts_nb.ssh.clientconfig import alias_for, mark_for
from modelarts_nb.ssh.endpoint import SshEndpoint

System = Literal["macos", "linux", "windows"]
DEFAULT_KEY = "~/.ssh/id_rsa"


@dataclass(frozen=True)
class PasteInto:
    """Where it goes on one system: the file, a command that opens it, and one that has the key
    file be readable for its owner alone."""

    system: System
    file: str
    open: str
    protect: str


@dataclass(frozen=True)
class Laptop:
    """What to paste, and where. ``host`` is what one then types after ``ssh``, or picks in the
    editor."""

    host: str
    block: str
    paste_into: tuple[PasteInto, ...]


def laptop_block(endpoint: SshEndpoint, key: str = DEFAULT_KEY) -> Laptop | None:
    """The block for a notebook; None while it has no address, since it does not run.

    Args:
        endpoint: the notebook's.
        key: the private key's file on the laptop.

    Raises:
        UsageError: the file's name cannot be written in OpenSSH's settings.
        CloudAnswerInvalid: the notebook's id cannot.
    """
    key = key.strip()
    if not key or any(c in key for c in '"\n\r\0'):
        raise UsageError(f"{key!r} cannot be the name of a key file.", hint=f"As {DEFAULT_KEY}.")
    if endpoint.address is None:
        return None
    host = alias_for(endpoint.name, endpoint.id)
    lines = (
        f"Host {host}",
        f"    HostName {endpoint.address.host}",
        f"    Port {endpoint.address.port}",
        f"    User {endpoint.address.user}",
        f'    IdentityFile "{key}"',
        "    IdentitiesOnly yes",
        f"    HostKeyAlias {mark_for(endpoint.id)}",
        "    StrictHostKeyChecking accept-new",
        "    ServerAliveInterval 30",
    )
    return Laptop(host, "\n".join(lines) + "\n", _paste_into(key))


def _paste_into(key: str) -> tuple[PasteInto, ...]:
    home, below = ("~/", key[2:]) if key.startswith("~/") else ("", key)
    chmod = f"chmod 600 {home}{shlex.quote(below)}"
    windows = key.replace("~", "%USERPROFILE%", 1).replace("/", "\\")
    return (
        PasteInto("macos", "~/.ssh/config", "open -e ~/.ssh/config", chmod),
        PasteInto("linux", "~/.ssh/config", "nano ~/.ssh/config", chmod),
        PasteInto(
            "windows",
            "%USERPROFILE%\\.ssh\\config",
            # PowerShell knows no %NAME%. The dot at the end keeps notepad from adding .txt.
            "cmd /c notepad %USERPROFILE%\\.ssh\\config.",
            f'cmd /c icacls "{windows}" /inheritance:r /grant:r "%USERNAME%:R"',
        ),
    )
