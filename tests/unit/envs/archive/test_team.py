"""Frames made by several processes: the same as by one, in order, and nothing outlives an error."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.envs.archive import shares, team
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.frames import Frame, Packing
from modelarts_nb.errors import Busy, Cancelled, EngineFailed
from modelarts_nb.progress import SILENT, Progress, Silent

PREFIX = "/opt/envs/demo"


@pytest.fixture
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """Files of 0 to 300 kB, some in pieces, several of them a share; some name the prefix."""
    monkeypatch.setattr(shares, "PIECE", 64 << 10)
    monkeypatch.setattr(shares, "_SHARE", 128 << 10)
    found = []
    for number in range(24):
        path = tmp_path / f"f{number:02}"
        path.write_bytes(
            os.urandom(number * 13_001) + (PREFIX.encode() if number % 5 == 0 else b"")
        )
        stat = path.stat()
        found.append(Item(path.name, "file", str(path), stat.st_size, 0o644, stat.st_mtime_ns))
    return found


def made(
    items: list[Item], processes: int, progress: Progress = SILENT
) -> Iterator[tuple[Frame, bytes]]:
    yield from of(shares.divide(items), processes, progress)


def of(
    jobs: Iterator[shares.Share], processes: int, progress: Progress = SILENT
) -> Iterator[tuple[Frame, bytes]]:
    with team.Team() as hands:
        hands.expect(1 << 30, count=processes)
        yield from hands.answers(jobs, Packing((PREFIX,), "tar", 0, 4), progress)


@pytest.mark.parametrize("processes", [1, 3])
def test_processes_make_what_one_alone_makes(items: list[Item], processes: int) -> None:
    assert list(made(items, processes)) == list(made(items, 0))


def test_the_frames_together_are_a_tar(items: list[Item]) -> None:
    whole = b"".join(data for _, data in made(items, 2)) + bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        found = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    assert found == {item.path: Path(item.source).read_bytes() for item in items}


def test_an_error_in_a_process_is_the_same_error_here(items: list[Item]) -> None:
    Path(items[20].source).unlink()
    with pytest.raises(Busy, match="f20 changed") as caught:
        list(made(items, 2))
    assert caught.value.hint


def test_a_process_that_dies_ends_the_packing(items: list[Item]) -> None:
    frames = made(items * 20, 2)
    next(frames)
    victim = _children()[0]
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="ended unexpectedly"):
        list(frames)
    assert not _children()


class Stopped(Silent):
    cancelled = False

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled


def test_cancelled_no_process_is_left(items: list[Item]) -> None:
    progress = Stopped()
    frames = made(items * 20, 2, progress)
    next(frames)
    progress.cancelled = True
    with pytest.raises(Cancelled):
        list(frames)
    assert not _children()


def test_what_is_made_ahead_is_bounded(items: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    """Given that nobody takes frames, when processes could go on, then they wait."""
    given: list[int] = []

    def counted() -> Iterator[shares.Share]:
        for share in shares.divide(items * 20):
            given.append(share.number)
            yield share

    frames = of(counted(), 2)
    next(frames)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        assert len(given) <= 2 * team._WINDOW + 1
        time.sleep(0.05)
    assert len(list(frames)) == len(given) - 1


def test_little_work_starts_no_process(items: list[Item]) -> None:
    with team.Team() as hands:
        hands.expect(1000, count=2)
        assert not _children()


def test_processes_start_once_when_enough_work_has_come_together() -> None:
    with team.Team() as hands:
        for _ in range(40):
            hands.expect(1 << 20, count=2)
        assert len(_children()) == 2


def _children() -> list[int]:
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    named = [int(pid) for pid in found]
    return [p for p in named if b"archive.hand" in Path(f"/proc/{p}/cmdline").read_bytes()]
