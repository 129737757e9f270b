"""Fixtures that mount slowfs (``slowfs.c``): latency and faults on demand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk

_NEEDS = "This test mounts a FUSE file system"
_INSTALL = "run `make test`, or: apt-get install -y fuse3 libfuse3-dev pkg-config gcc"


class SlowFs:
    """One mounted slow file system.

    ``path`` is the slow side, ``source`` the same files without delay or faults; what changes
    there is seen at once when nothing is ``cached``. Several can have one ``shared`` source, as
    hosts have.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        rtt_us: int,
        *,
        cached: bool = True,
        shared: Path | None = None,
    ) -> None:
        self.source, self.path = shared or folder / "source", folder / "slow"
        self._faults, self._stats = folder / "faults", folder / "stats"
        for new in (self.source, self.path):
            new.mkdir(parents=True, exist_ok=True)
        self._faults.write_text("")
        options = f"rtt_us={rtt_us},faults={self._faults},stats={self._stats}"
        options += "" if cached else ",attr_ms=0"
        command = [str(program), str(self.source), str(self.path), "-f", "-o", options]
        self._process = subprocess.Popen(command)
        _wait(lambda: os.path.ismount(self.path), "slowfs did not mount")

    def fail(self, *rules: str) -> None:
        """Install fault rules such as ``"write ENOSPC after=3 path=lib"``; none: all is well."""
        loaded = self._faults.with_name("faults.loaded")
        loaded.unlink(missing_ok=True)
        self._faults.write_text("".join(f"{rule}\n" for rule in rules))
        self._faults.with_name("faults.held").unlink(missing_ok=True)
        self._process.send_signal(signal.SIGHUP)
        _wait(loaded.exists, "slowfs did not read its rules")

    def wait_until_it_hangs(self) -> None:
        """Wait until a rule with ``HANG`` holds the first request."""
        _wait(self._faults.with_name("faults.held").exists, "nothing hangs")

    def counts(self) -> dict[str, int]:
        """Requests so far, by operation."""
        self._stats.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGUSR1)
        _wait(lambda: self._stats.exists() and "bytes_" in self._stats.read_text(), "no counts")
        lines = self._stats.read_text().splitlines()
        return {name: int(count) for name, count in (line.split() for line in lines)}

    def unmount(self) -> None:
        """Take it away, also when something hangs."""
        done = subprocess.run(["fusermount3", "-u", str(self.path)], capture_output=True)
        if done.returncode:
            subprocess.run(["fusermount3", "-uz", str(self.path)], capture_output=True)
            self._process.kill()
        self._process.wait(timeout=60)


@pytest.fixture(scope="session")
def slowfs_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled file system, built once a session."""
    if not os.path.exists("/dev/fuse") or not shutil.which("fusermount3"):
        pytest.fail(f"{_NEEDS}, and FUSE is not here: {_INSTALL}")
    folder = tmp_path_factory.mktemp("slowfs")
    here = Path(__file__).parent
    program = folder / "slowfs"
    made = subprocess.run(
        ["make", "-f", str(here / "Makefile"), f"OUT={program}", f"SRC={here / 'slowfs.c'}"],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    if made.returncode:
        pytest.fail(f"{_NEEDS}, and slowfs does not compile: {_INSTALL}\n{made.stderr}")
    return program


@pytest.fixture
def mount_slowfs(slowfs_program: Path, tmp_path: Path) -> Iterator[Callable[..., SlowFs]]:
    """Mount as many as a test wants: ``mount_slowfs(rtt_us=1000)``."""
    mounted: list[SlowFs] = []

    def mount(*, rtt_us: int = 0) -> SlowFs:
        fs = SlowFs(slowfs_program, tmp_path / f"slowfs-{len(mounted)}", rtt_us)
        mounted.append(fs)
        return fs

    yield mount
    for fs in mounted:
        fs.unmount()


@pytest.fixture
def slow_disk(
    mount_slowfs: Callable[..., SlowFs], home: Path, monkeypatch: pytest.MonkeyPatch
) -> Disk:
    """A persistent disk that needs 1 ms for every request; the settings' disk, too."""
    root = mount_slowfs(rtt_us=1000).path
    monkeypatch.setenv("MODELARTS_NB_DISK", str(root))
    monkeypatch.setenv("MODELARTS_NB_OWNER", "tester")
    return Disk(root, "tester", home)


def _wait(ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            pytest.fail(what)
        time.sleep(0.005)
