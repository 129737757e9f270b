"""The list of environments must feel instant on a disk where every request takes a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.inventory import list_environments
from modelarts_nb.envs.sealed.model import Layer
from tests.slowfs.mount import SlowFs
from tests.unit.envs.by_hand import add_record, make_on_disk
from tests.unit.envs.sealed.by_hand import make_version


def test_given_a_hundred_environments_when_listed_then_requests_are_few_and_overlap(
    mount_slowfs: Callable[..., SlowFs], home: Path
) -> None:
    # given, written on the fast side
    slow = mount_slowfs(rtt_us=5000)
    for number in range(100):
        prefix = make_on_disk(Disk(slow.source, "tester", home), f"env-{number}")
        for package in range(10):
            add_record(prefix, f"package{package}", "1.0", [])
    disk = Disk(slow.path, "tester", home)
    # when
    seconds, requests = listed(disk, slow)
    # then
    assert requests <= 20 * 100
    # One after the other they would take at least five milliseconds each.
    assert seconds < requests * 5 / 1000 / 1.5


def test_given_a_hundred_sealed_ones_when_listed_then_requests_are_few_and_overlap(
    mount_slowfs: Callable[..., SlowFs], home: Path
) -> None:
    # given
    slow = mount_slowfs(rtt_us=5000)
    beside = Disk(slow.source, "tester", home)
    layer = Layer("0" * 64, 10**9, 3 * 10**9)
    for number in range(100):
        make_version(beside, f"env-{number}", layer)
    # when
    seconds, requests = listed(Disk(slow.path, "tester", home), slow)
    # then
    assert requests <= 10 * 100
    assert seconds < requests * 5 / 1000 / 1.5


def listed(disk: Disk, slow: SlowFs) -> tuple[float, int]:
    """Seconds and requests that a list of a hundred takes."""
    before = sum(count for name, count in slow.counts().items() if "bytes" not in name)
    began = time.perf_counter()
    assert len(list_environments(disk=disk)) == 100
    seconds = time.perf_counter() - began
    after = sum(count for name, count in slow.counts().items() if "bytes" not in name)
    return seconds, after - before
