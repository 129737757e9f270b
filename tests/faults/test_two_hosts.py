"""Two hosts create, remove and rename the same names: never two winners, never one lost."""

from __future__ import annotations

from pathlib import Path

from tests.faults.hosts import fight
from tests.slowfs.mount import SlowFs

ROUNDS = 30
SEED = 11


def test_two_hosts_never_both_win_and_never_lose_one(slowfs_program: Path, tmp_path: Path) -> None:
    # Given one folder that two hosts have mounted
    folders = [tmp_path / "one", tmp_path / "two"]
    hosts = [SlowFs(slowfs_program, folder, 100, shared=tmp_path / "disk") for folder in folders]
    try:
        # When both create, remove and rename the same names
        ended = fight([host.path for host in hosts], tmp_path, ROUNDS, SEED)
    finally:
        for host in hosts:
            host.unmount()
    # Then they did get in each other's way (and `fight` found nothing wrong)
    assert ended["create done"]
    assert sum(count for name, count in ended.items() if "done" not in name)
