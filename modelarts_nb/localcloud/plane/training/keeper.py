"""Ending the tasks' processes when the local cloud was killed and cannot do it itself.

A small process of its own that waits at a pipe until whoever holds its other end is dead; then
whatever carries this start's token ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

from modelarts_nb.localcloud.plane.processes import end_processes

VARIABLE = "MODELARTS_NB_LOCAL_START"


class Keeper:
    """Watches over the processes that carry its token, from now on.

    Raises:
        OSError: there are no processes left.
    """

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, self.token],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        except OSError:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def close(self) -> None:
        """All processes have ended: it is not needed any more."""
        self._process.kill()
        self._process.wait()
        os.close(self._writing)


def main(token: str) -> None:
    """Wait for the end of the pipe."""
    sys.stdin.buffer.read()
    end_processes(token, grace=0, variable=VARIABLE)


if __name__ == "__main__":
    main(sys.argv[1])
