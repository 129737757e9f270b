"""OpenSSH's own server, on loopback, for this user."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.ssh.address import Address

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


@dataclass
class Sshd:
    """``folder`` has the host keys and ``authorized_keys``."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> Address:
        return Address(getpass.getuser(), "127.0.0.1", self.port)

    def authorize(self, public: str) -> None:
        (self.folder / "authorized_keys").write_text(public + "\n")

    def cut(self) -> None:
        """End every connection as a lost machine would: its processes are gone at once."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            # The server first: it must not tell how what it runs has ended.
            for one in [int(pid), *_below(int(pid))]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)


def _below(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [p for child in found for p in [int(child), *_below(int(child))]]


@contextlib.contextmanager
def run_sshd(folder: Path, kind: str = "ed25519") -> Iterator[Sshd]:
    """Start one with a fresh host key."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # Debian's sshd wants it; systemd would make it
    key = folder / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "authorized_keys").touch()
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": key,
        "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "AcceptEnv": "LANG LC_*",
        # Not this user's own .bashrc, which may be slow and say things.
        "SetEnv": f"HOME={folder}",
        "PrintMotd": "no",
        "PrintLastLog": "no",
        "MaxStartups": "100",
        "LogLevel": "ERROR",
        "Subsystem": "sftp internal-sftp",
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    # It ends with the tests, also where those are killed.
    bound = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*bound, SSHD, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL, start_new_session=True
    )
    found = Sshd(folder, port, process)
    try:
        _listens(found)
        yield found
    finally:
        found.cut()
        process.terminate()
        process.wait(20)


def _listens(server: Sshd) -> None:
    end = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5):
            return
        assert server.process.poll() is None, "sshd did not start"
        assert time.monotonic() < end, "sshd does not listen"
        time.sleep(0.01)
