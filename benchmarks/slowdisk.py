"""A slow disk to measure on: slowfs over a folder, mounted anew so that nothing is cached."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class SlowDisk:
    """One mounted slow file system; ``source`` is the same folder without the delay."""

    program: str
    source: Path
    path: Path
    rtt_ms: float
    requests: int = field(default=0, init=False)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Path]:
        """Mount with an empty cache; ``requests`` is known after the block."""
        self.source.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(parents=True, exist_ok=True)
        stats = self.path.with_name(f"{self.path.name}.stats")
        stats.unlink(missing_ok=True)
        options = f"rtt_us={round(self.rtt_ms * 1000)},stats={stats}"
        command = [self.program, str(self.source), str(self.path), "-f", "-o", options]
        process = subprocess.Popen(command)
        try:
            _wait(self.path, process)
            yield self.path
        finally:
            for _ in range(20):
                done = subprocess.run(["fusermount3", "-u", str(self.path)], capture_output=True)
                if done.returncode == 0:
                    break
                time.sleep(0.1)
            else:
                subprocess.run(["fusermount3", "-uz", str(self.path)], capture_output=True)
            process.wait()
        # Releases are not answered, so nobody waits for them: they are not requests.
        counts = dict(line.split() for line in stats.read_text().splitlines())
        silent = ("release", "bytes_written")
        self.requests = sum(int(count) for name, count in counts.items() if name not in silent)


def _wait(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while not os.path.ismount(path):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("slowfs did not mount")
        time.sleep(0.005)
