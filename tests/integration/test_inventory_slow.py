"""The list of environments must feel instant on a disk where every request takes a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.inventory import list_environments
from tests.slowfs.mount import SlowFs
from tests.unit.envs.by_hand import add_record, make_on_disk


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
    before = sum(count for name, count in slow.counts().items() if "bytes" not in name)
    began = time.perf_counter()
    found = list_environments(disk=disk)
    seconds = time.perf_counter() - began
    requests = sum(count for name, count in slow.counts().items() if "bytes" not in name) - before
    # then
    assert len(found) == 100
    assert requests <= 20 * 100
    # One after the other they would take at least five milliseconds each.
    assert seconds < requests * 5 / 1000 / 1.5
