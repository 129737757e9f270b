"""What of SSH is on the disk after ``ma ssh``: our block and pinned host keys."""

from __future__ import annotations

import stat

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.clientconfig import BlockDamaged, Host, block_of, write
from modelarts_nb.ssh.keeping import bring_back_pins, save_block, save_pins, shelf
from modelarts_nb.ssh.places import Places

PIN = b"11111111-2222 ssh-ed25519 AAAA\n"


@pytest.fixture
def written(places: Places) -> Places:
    """A home in which `ma ssh config` wrote a host, in front of what was there."""
    places.make()
    places.config.write_text("Host git\n")
    address = Address("ma-user", "dev.example.com", 31248)
    write(
        "notebooks",
        [Host("ma-demo", "11111111-2222", address, str(places.keys / "mine"), True)],
        places,
    )
    return places


def test_the_block_is_kept_and_nothing_around_it(written: Places, disk: Disk) -> None:
    save_block(written, disk)

    kept = shelf(disk) / "config"
    assert kept.read_bytes() == block_of(written)
    assert written.config.read_bytes() == kept.read_bytes() + b"Host git\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_without_a_block_there_is_none_to_bring_back(written: Places, disk: Disk) -> None:
    save_block(written, disk)
    write("notebooks", [], written)

    save_block(written, disk)

    assert not (shelf(disk) / "config").exists()


def test_a_damaged_block_leaves_the_kept_one(written: Places, disk: Disk) -> None:
    save_block(written, disk)
    before = (shelf(disk) / "config").read_bytes()
    written.config.write_bytes(written.config.read_bytes() * 2)

    with pytest.raises(BlockDamaged):
        save_block(written, disk)

    assert (shelf(disk) / "config").read_bytes() == before


def test_pins_are_kept_as_they_are_now(places: Places, disk: Disk) -> None:
    places.make()
    places.known_hosts.write_bytes(PIN * 2)
    save_pins(places, disk)
    places.known_hosts.write_bytes(PIN)

    save_pins(places, disk)

    assert (shelf(disk) / "known_hosts").read_bytes() == PIN


def test_a_home_without_pins_takes_the_kept_ones_and_never_removes_them(
    places: Places, disk: Disk
) -> None:
    shelf(disk).mkdir(parents=True)
    (shelf(disk) / "known_hosts").write_bytes(PIN)

    save_pins(places, disk)
    bring_back_pins(places, disk)

    assert places.known_hosts.read_bytes() == PIN
    assert stat.S_IMODE(places.known_hosts.stat().st_mode) == 0o600


def test_pins_of_this_home_win(places: Places, disk: Disk) -> None:
    places.make()
    places.known_hosts.write_bytes(PIN)
    shelf(disk).mkdir(parents=True)
    (shelf(disk) / "known_hosts").write_bytes(b"other\n")

    bring_back_pins(places, disk)

    assert places.known_hosts.read_bytes() == PIN
