"""What of SSH a restart must not lose: our block in ``~/.ssh/config`` and pinned host keys.

Both are copied to the owner's folder on the disk whenever ``ma ssh`` has changed them, and now and
then. The hook puts them back (``hook/restore.py``); where none runs, the next ``ma ssh`` does that
for the host keys. Private keys are kept apart, only when a person says so (``privatekeys.py``).
"""

from __future__ import annotations

from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import from_os_error
from modelarts_nb.ssh.clientconfig import block_of
from modelarts_nb.ssh.places import Places


def shelf(disk: Disk) -> Path:
    """Where they are on the disk."""
    return disk.own / "ssh"


def save_block(places: Places, disk: Disk) -> None:
    """Have the disk's copy of our block be as the home's; without one there is no copy.

    Raises:
        BlockDamaged: our marks in ``~/.ssh/config`` are not as we wrote them.
        AccessDenied, DiskFull, DiskFailure: home or disk refused.
    """
    block = block_of(places)
    target = shelf(disk) / "config"
    if block is not None:
        _copy(block, target)
        return
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, f"removing {target}", target) from error


def save_pins(places: Places, disk: Disk) -> None:
    """Copy pinned host keys to the disk: OpenSSH adds to them whenever it meets a new host.
    A home that has none says nothing about the disk's.

    Raises:
        AccessDenied, DiskFull, DiskFailure: home or disk refused.
    """
    pins = _read(places.known_hosts)
    if pins is not None:
        _copy(pins, shelf(disk) / "known_hosts")


def bring_back_pins(places: Places, disk: Disk) -> None:
    """Host keys from the disk into a home that has none.

    Raises:
        AccessDenied, DiskFull, DiskFailure: disk or home refused.
    """
    if _read(places.known_hosts) is not None:
        return
    kept = _read(shelf(disk) / "known_hosts")
    if kept is not None:
        places.make()
        replace_file(places.known_hosts, kept, 0o600)


def _copy(data: bytes, target: Path) -> None:
    if data == _read(target):
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.parent.chmod(0o700)
    except OSError as error:
        raise from_os_error(error, f"making {target.parent}", target.parent) from error
    replace_file(target, data, 0o600)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise from_os_error(error, f"reading {path}", path) from error
