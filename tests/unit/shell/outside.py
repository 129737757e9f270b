"""A program that runs a command in tasks and prints what they say, as ``ma shell`` does.

``python -m tests.unit.shell.outside USER PORT COUNT LINE``
"""

from __future__ import annotations

import sys

from modelarts_nb import config
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.running import run
from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
from modelarts_nb.shell.target import Target
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places


def main(user: str, port: str, count: str, line: str) -> int:
    def target(number: int) -> Target:
        task = f"worker-{number}"
        place = SshPlace("job-1", task, Address(user, "127.0.0.1", int(port)))
        places = Places(config.home())
        return Target("job-1", "demo", task, "ssh", lambda: SshTransport(place, places), lambda: 0)

    try:
        found = [target(number) for number in range(int(count))]
        return run(found, line, stdin=0, prefixed=len(found) > 1).exit_code
    except ModelArtsNbError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
