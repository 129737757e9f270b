"""A program that gives its terminal to a task, as ``ma shell`` does, without a cloud.

``python -m tests.unit.shell.inside USER PORT GONE [COMMAND]``: where the file GONE exists the job
has ended. Its exit code is the session's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.errors import ShellRefused
from modelarts_nb.shell.running import open_terminal
from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
from modelarts_nb.shell.target import Target
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places


def main(user: str, port: str, gone: str, *command: str) -> int:
    place = SshPlace("job-1", "worker-0", Address(user, "127.0.0.1", int(port)))

    def still() -> None:
        if Path(gone).exists():
            raise ShellRefused("demo is Completed now.")

    target = Target(
        "job-1",
        "demo",
        "worker-0",
        "ssh",
        lambda: SshTransport(place, Places(config.home())),
        still,
    )
    try:
        exit = open_terminal(
            target,
            command=command[0] if command else None,
            say=lambda text: print(text, file=sys.stderr, flush=True),
            timeout=float(os.environ.get("SESSION_SECONDS", "60")),
            pauses=(0.05, 0.1, 0.2),
        )
        return exit.code
    except ModelArtsNbError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
