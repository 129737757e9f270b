"""Where the files for connections from the notebook lie."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.errors import AccessDenied, from_os_error

# sun_path of Linux, without its final NUL.
LONGEST_SOCKET = 107


@dataclass(frozen=True)
class Places:
    """Paths in one home. Everything of ours is in ``own``; of ``config`` only one block is."""

    home: Path

    @property
    def ssh(self) -> Path:
        """OpenSSH's folder."""
        return self.home / ".ssh"

    @property
    def config(self) -> Path:
        """OpenSSH's settings of the user."""
        return self.ssh / "config"

    @property
    def own(self) -> Path:
        """What is ours alone."""
        return self.ssh / "modelarts_nb"

    @property
    def keys(self) -> Path:
        """Private keys, each beside its public half."""
        return self.own / "keys"

    @property
    def known_hosts(self) -> Path:
        """Host keys of notebooks and jobs, pinned when first met."""
        return self.own / "known_hosts"

    @property
    def agent(self) -> Path:
        """The socket of our agent: in the home, or where its path would be too long for a socket
        in a folder of the user's own below ``/tmp``."""
        path = self.own / "agent"
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        # Not TMPDIR, which may be long too, and is not the same for everybody who asks.
        return Path(f"/tmp/modelarts_nb-{os.getuid()}-{mark}/agent")  # noqa: S108 (make_for_agent)

    @property
    def agent_pid(self) -> Path:
        """Its process id."""
        return self.own / "agent.pid"

    def make(self) -> None:
        """Make the folders, for nobody else to look into.

        Raises:
            AccessDenied, DiskFull, DiskFailure: they cannot be made.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            if not self.ssh.is_dir():
                self.ssh.mkdir()
                # Whatever the umask: the service's own sshd wants 750 or 755 (05_4195).
                self.ssh.chmod(0o750)
            for folder in (self.own, self.keys):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            raise from_os_error(error, f"making {self.own}", self.own) from error

    def agent_is_ours(self) -> bool:
        """Is the folder of the agent's socket the user's alone? Below ``/tmp`` everybody may make
        folders: an agent that waits in one of somebody else's would be given keys."""
        try:
            info = self.agent.parent.lstat()
        except OSError:
            return False
        return (
            stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077
        )

    def make_for_agent(self) -> None:
        """Make the folder of the agent's socket.

        Raises:
            AccessDenied: it is there already, and not the user's alone.
            DiskFull, DiskFailure: it cannot be made.
        """
        self.make()
        folder = self.agent.parent
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, f"making {folder}", folder) from error
        if not self.agent_is_ours():
            raise AccessDenied(
                f"{folder} is not yours alone.",
                hint="Remove it, or use a home with a shorter path.",
            )


def find_places() -> Places:
    """Those of this home."""
    return Places(config.home())
