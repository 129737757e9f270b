"""Where the files for connections from the notebook lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.errors import from_os_error


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
        """The socket of our agent."""
        return self.own / "agent"

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
            # The service's own sshd wants 750 or 755 of ~/.ssh (troubleshooting, 05_4195).
            self.ssh.mkdir(mode=0o750, exist_ok=True)
            for folder in (self.own, self.keys):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        except OSError as error:
            raise from_os_error(error, f"making {self.own}", self.own) from error


def find_places() -> Places:
    """Those of this home."""
    return Places(config.home())
