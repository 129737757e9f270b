"""Ending the tasks' processes when the local cloud was killed and cannot do it itself.

A small process of its own that waits at a pipe. A word means that all is in order; the end of the
pipe without one means that the local cloud is dead, and whatever carries this start's token ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid

from modelarts_nb.localcloud.plane.processes import end_processes

VARIABLE = "MODELARTS_NB_LOCAL_START"
_ALL_IS_WELL = b"."
_PATIENCE = 5.0


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
        with contextlib.suppress(OSError):  # it was killed
            os.write(self._writing, _ALL_IS_WELL)
        os.close(self._writing)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(token: str) -> None:
    """Wait for a word, or for the end of who should say it."""
    if sys.stdin.buffer.read(1) != _ALL_IS_WELL:
        end_processes(token, grace=0, variable=VARIABLE)


if __name__ == "__main__":
    main(sys.argv[1])
