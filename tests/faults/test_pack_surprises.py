"""What conda-pack 0.9.2 gets wrong, on packages made for it: its behaviour fails every test."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.envs.cloning import clone
from modelarts_nb.errors import DiskFull
from tests.channel.fixtures import TRAPS, CondaEnv
from tests.slowfs.mount import SlowFs


@pytest.fixture
def mine(disk: Disk, conda_env: CondaEnv) -> Path:
    """An environment of every trap, whose packages are in no cache that its records name."""
    clone(str(conda_env("traps", *TRAPS, python=None)), "mine", kernel=False, disk=disk)
    return disk.envs / "mine"


def test_an_edited_managed_file_is_packed_as_it_is(disk: Disk, mine: Path, tmp_path: Path) -> None:
    """conda-pack takes the file of the package cache: the edit is silently lost."""
    (mine / "share/trap/data.txt").write_text("edited\n")
    pack("mine", output=str(tmp_path / "x.tar"), disk=disk)
    with tarfile.open(tmp_path / "x.tar") as tar:
        file = tar.extractfile("share/trap/data.txt")
        assert file is not None
        assert file.read() == b"edited\n"


def test_a_padded_binary_says_its_new_prefix_without_any_package_cache(
    disk: Disk, mine: Path
) -> None:
    """conda-pack needs the cache to know of it, and leaves the old prefix without a word."""
    made = unpack(str(pack("mine", disk=disk).path), "other", kernel=False, disk=disk)
    said = subprocess.run([made.prefix / "bin/trap-binary"], capture_output=True, text=True)
    lines = said.stdout.splitlines()
    assert lines[0] == str(made.prefix)
    assert lines[1] == f"conf={made.prefix}/etc/trap.conf:{made.prefix}/share"


def test_hard_links_between_text_files_unpack_whole(disk: Disk, mine: Path, tmp_path: Path) -> None:
    """conda-pack writes a corrupt tar of them and says that all is well."""
    text = mine / "share/links/prefix.txt"
    os.link(text, mine / "share/links/again.txt")
    linked = [path for path in mine.rglob("*") if path.is_file() and path.stat().st_nlink > 1]
    pack("mine", output=str(tmp_path / "x.tar"), disk=disk)
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "x.tar", "-C", tmp_path / "out"], check=True)
    for path in linked:
        assert (tmp_path / "out" / path.relative_to(mine)).read_bytes() == path.read_bytes()
        assert (tmp_path / "out" / path.relative_to(mine)).stat().st_nlink == path.stat().st_nlink
    made = unpack(str(tmp_path / "x.tar"), "other", kernel=False, disk=disk)
    for path in linked:
        expected = path.read_text().replace(str(mine), str(made.prefix))
        assert (made.prefix / path.relative_to(mine)).read_text() == expected


def test_an_absolute_link_into_the_prefix_comes_along(disk: Disk, mine: Path) -> None:
    """conda-pack leaves it pointing at the old place."""
    (mine / "share/absolute").symlink_to(mine / "share/trap/data.txt")
    made = unpack(str(pack("mine", disk=disk).path), "other", kernel=False, disk=disk)
    assert (made.prefix / "share/absolute").resolve() == made.prefix / "share/trap/data.txt"


def test_the_history_does_not_name_the_old_prefix(disk: Disk, mine: Path) -> None:
    """conda-pack leaves it as it was."""
    with (mine / "conda-meta/history").open("a") as history:
        history.write(f"# cmd: conda install -p {mine} x\n")
    made = unpack(str(pack("mine", disk=disk).path), "other", kernel=False, disk=disk)
    assert f"-p {made.prefix} x" in (made.prefix / "conda-meta/history").read_text()


def test_the_level_of_zstd_is_obeyed(disk: Disk, mine: Path, tmp_path: Path) -> None:
    """conda-pack compresses at one level whatever is asked."""
    (mine / "lib/words").write_text(" ".join(str(number * 7919) for number in range(200_000)))
    sizes = [
        pack("mine", output=str(tmp_path / f"{level}.tar.zst"), level=level, disk=disk).size
        for level in (1, 12)
    ]
    assert sizes[1] < sizes[0] * 0.9


def test_an_error_while_writing_is_an_error(
    disk: Disk, mine: Path, slowfs_program: Path, tmp_path: Path
) -> None:
    """conda-pack's no-archive swallows a full disk and says that all is well."""
    fs = SlowFs(slowfs_program, tmp_path / "fs", 0)
    try:
        fs.fail("write ENOSPC after=2")
        with pytest.raises(DiskFull):
            pack("mine", output=str(fs.path / "x.tar"), disk=disk)
        fs.fail()
        assert os.listdir(fs.path) == []
    finally:
        fs.unmount()
