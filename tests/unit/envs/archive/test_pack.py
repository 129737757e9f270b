"""Packing: the prefix as it is, in every format, with clear refusals and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive import outfile, shares
from modelarts_nb.envs.archive.condaunpack import parse
from modelarts_nb.envs.archive.manifest import INSIDE, side_file
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.preflight import preflight
from modelarts_nb.errors import (
    Busy,
    Cancelled,
    DiskFull,
    NameTaken,
    NotFound,
    PackRefused,
    UsageError,
)
from tests.unit.envs.archive.conftest import MTIME

MakeEnv = Callable[..., Path]


def test_a_plain_tar_holds_every_file_as_it_is(disk: Disk, make_env: MakeEnv, tmp_path: Path):
    prefix = make_env()
    (prefix / "lib/plain.txt").write_text("edited by hand\n")  # a managed file, edited

    pack("demo", output=str(tmp_path / "x.tar.gz"), disk=disk)
    subprocess.run(["mkdir", tmp_path / "out"], check=True)
    subprocess.run(["tar", "-xzf", tmp_path / "x.tar.gz", "-C", tmp_path / "out"], check=True)

    out = tmp_path / "out"
    assert (out / "lib/plain.txt").read_text() == "edited by hand\n"
    assert (out / "lib/absolute.so").readlink() == Path("libdemo.so")
    assert (out / "etc/first.conf").stat().st_ino == (out / "etc/second.conf").stat().st_ino
    assert (out / "share/empty-folder").is_dir()
    assert (out / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (out / "bin/tool").stat().st_mtime == MTIME
    assert "update specs" in (out / "conda-meta/history").read_text()
    assert (out / "bin/activate").is_file()


def test_the_manifest_comes_first_and_lies_beside(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    archive = pack("demo", format="tar.gz", disk=disk)
    with tarfile.open(archive.path) as tar:
        first = tar.next()
        assert first is not None
        assert first.name == INSIDE
        inside = json.load(tar.extractfile(first))  # type: ignore[arg-type]
    beside = json.loads(side_file(archive.path).read_text())
    assert inside["name"] == beside["name"] == "demo"
    assert inside["origin"] == str(disk.envs / "demo")
    assert inside["platform"].startswith("linux-")
    assert beside["sha256"] == archive.sha256
    assert beside["archive_size"] == archive.size == archive.path.stat().st_size
    assert archive.path.parent == disk.archives
    assert archive.path.name.startswith("demo-")


def test_conda_unpack_lists_what_names_the_prefix_and_nothing_else(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    prefix = make_env()
    (prefix / "lib/code.pyc").write_bytes(b"\0" + os.fsencode(prefix))
    pack("demo", output=str(tmp_path / "x.tar"), disk=disk)
    with tarfile.open(tmp_path / "x.tar") as tar:
        script = tar.extractfile("bin/conda-unpack").read()  # type: ignore[union-attr]
    records = parse(script)
    assert records is not None
    assert {(path, mode) for path, _, mode in records} == {
        ("bin/tool", "text"),
        ("etc/first.conf", "text"),
        ("lib/libdemo.so", "binary"),
        ("share/doc/名字.txt", "text"),
    }
    assert {old for _, old, _ in records} == {str(prefix)}


def test_a_prefix_across_two_pieces_of_a_big_file_is_found(
    disk: Disk, make_env: MakeEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_env()
    monkeypatch.setattr(shares, "PIECE", 4096)
    (prefix / "lib/big.txt").write_bytes(b"." * 4086 + os.fsencode(prefix) + b"/x\n" + b"." * 9000)
    pack("demo", output=str(tmp_path / "x.tar"), disk=disk)
    with tarfile.open(tmp_path / "x.tar") as tar:
        records = parse(tar.extractfile("bin/conda-unpack").read())  # type: ignore[union-attr]
    assert ("lib/big.txt", str(prefix), "text") in (records or [])


def test_patterns_leave_files_and_folders_out(disk: Disk, make_env: MakeEnv, tmp_path: Path):
    make_env()
    pack("demo", output=str(tmp_path / "x.tar"), exclude=["share", "*.so"], disk=disk)
    with tarfile.open(tmp_path / "x.tar") as tar:
        names = tar.getnames()
    assert not [n for n in names if n.startswith("share") or n.endswith(".so")]
    assert "bin/tool" in names


def editable(prefix: Path, code: Path) -> None:
    code.mkdir(exist_ok=True)
    info = prefix / "lib/python3.11/site-packages/mine-1.0.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text(
        json.dumps({"url": f"file://{code}", "dir_info": {"editable": True}})
    )


def test_editable_packages_are_refused_by_name_unless_ignored(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    editable(make_env(), tmp_path / "code")
    with pytest.raises(PackRefused, match="mine") as caught:
        pack("demo", disk=disk)
    assert "--ignore-editable-packages" in caught.value.hint
    assert not disk.archives.exists() or not os.listdir(disk.archives)
    assert pack("demo", ignore_editable_packages=True, disk=disk).size


def test_editable_code_inside_the_prefix_is_no_trouble(disk: Disk, make_env: MakeEnv) -> None:
    prefix = make_env()
    editable(prefix, prefix / "src")
    assert preflight("demo", disk=disk).findings == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [("old.egg-link", "{code}\n.\n"), ("easy-install.pth", "{code}\n")],
)
def test_editables_of_setup_py_are_found_too(
    disk: Disk, make_env: MakeEnv, tmp_path: Path, name: str, text: str
) -> None:
    site = make_env() / "lib/python3.11/site-packages"
    (site / name).write_text(text.format(code=tmp_path / "old"))
    (finding,) = preflight("demo", disk=disk).findings
    assert (finding.check, finding.level) == ("editable", "error")
    assert str(tmp_path / "old") in finding.message


def test_missing_files_are_refused_by_package_unless_ignored(disk: Disk, make_env: MakeEnv) -> None:
    prefix = make_env()
    (prefix / "lib/plain.txt").unlink()
    with pytest.raises(PackRefused, match=r"demo 1\.0") as caught:
        pack("demo", disk=disk)
    assert "--ignore-missing-files" in caught.value.hint
    assert pack("demo", ignore_missing_files=True, disk=disk).size


def test_what_pip_overwrote_is_a_warning(disk: Disk, make_env: MakeEnv) -> None:
    prefix = make_env()
    record_path = prefix / "conda-meta/demo-1.0-0.json"
    record = json.loads(record_path.read_text())
    path = "lib/python3.11/site-packages/demo/__init__.py"
    record["paths_data"]["paths"].append(
        {"_path": path, "path_type": "hardlink", "sha256": "0" * 64, "size_in_bytes": 6}
    )
    record_path.write_text(json.dumps(record))
    info = prefix / "lib/python3.11/site-packages/demo-2.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("demo/__init__.py,sha256=x,6\n")
    (info / "INSTALLER").write_text("pip\n")

    (finding,) = preflight("demo", disk=disk).findings

    assert (finding.check, finding.level, finding.files) == ("clobbered", "warning", (path,))
    assert pack("demo", disk=disk).size


def test_a_link_to_a_file_outside_becomes_that_file(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    prefix = make_env()
    (tmp_path / "outside.pem").write_text("certificate")
    (prefix / "lib/cert.pem").symlink_to(tmp_path / "outside.pem")
    pack("demo", output=str(tmp_path / "x.tar"), disk=disk)
    with tarfile.open(tmp_path / "x.tar") as tar:
        assert tar.extractfile("lib/cert.pem").read() == b"certificate"  # type: ignore[union-attr]


@pytest.mark.parametrize("target", ["/usr", "../../../nowhere", "missing-outside/../../../../x"])
def test_a_link_that_no_archive_can_carry_is_refused_with_what_to_do(
    disk: Disk, make_env: MakeEnv, target: str
) -> None:
    (make_env() / "lib/data").symlink_to(target)
    with pytest.raises(PackRefused) as caught:
        pack("demo", disk=disk)
    assert "--exclude" in caught.value.hint
    assert pack("demo", exclude=["lib/data"], disk=disk).size


def test_preflight_says_what_and_how_much(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    found = preflight("demo", disk=disk)
    assert found.ready
    assert found.files == 14
    assert 0 < found.needed < found.size < found.free


def test_an_existing_file_is_never_replaced(disk: Disk, make_env: MakeEnv, tmp_path: Path) -> None:
    make_env()
    (tmp_path / "x.tar").write_text("mine")
    with pytest.raises(NameTaken):
        pack("demo", output=str(tmp_path / "x.tar"), disk=disk)
    assert (tmp_path / "x.tar").read_text() == "mine"


def test_into_a_folder_means_a_stamped_file_there(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    make_env()
    (tmp_path / "out").mkdir()
    first = pack("demo", output=str(tmp_path / "out"), disk=disk)
    second = pack("demo", output=str(tmp_path / "out"), disk=disk)
    assert first.path.parent == tmp_path / "out"
    assert first.path != second.path


def test_a_file_that_cannot_be_written_to(disk: Disk, make_env: MakeEnv, tmp_path: Path) -> None:
    prefix = make_env()
    with pytest.raises(NotFound):
        pack("demo", output=str(tmp_path / "no/such/x.tar"), disk=disk)
    with pytest.raises(UsageError, match="inside"):
        pack("demo", output=str(prefix / "x.tar"), disk=disk)
    with pytest.raises(UsageError):
        pack("demo", threads=0, disk=disk)


def test_an_environment_somebody_works_on_is_busy(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    with lock(disk, "demo"), pytest.raises(Busy):
        pack("demo", disk=disk)


class StopAt:
    """Cancels in a phase."""

    def __init__(self, phase: str) -> None:
        self.wanted, self.now = phase, ""

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.now = name

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        pass

    def log(self, message: str) -> None:
        pass

    def check(self) -> None:
        if self.now == self.wanted:
            raise Cancelled()


@pytest.mark.parametrize("format", ["tar.zst", "tar.gz", "tar", "squashfs"])
def test_cancelled_it_leaves_nothing_behind(disk: Disk, make_env: MakeEnv, format: str) -> None:
    make_env()
    threads = threading.active_count()
    with pytest.raises(Cancelled):
        pack("demo", format=format, disk=disk, progress=StopAt("packing"))
    assert os.listdir(disk.archives) == []
    assert threading.active_count() <= threads


def test_a_full_disk_leaves_nothing_behind(
    disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_env()

    def full(fd: int, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outfile.os, "writev", full)
    with pytest.raises(DiskFull):
        pack("demo", disk=disk)
    monkeypatch.undo()
    assert os.listdir(disk.archives) == []


def test_killed_in_the_middle_no_half_archive_is_visible(
    disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_env()
    (prefix / "lib/big").write_bytes(os.urandom(20 << 20))
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from modelarts_nb.disk.persistent import Disk\n"
        "from modelarts_nb.envs.archive import outfile\n"
        "from modelarts_nb.envs.archive.pack import pack\n"
        "real, count = os.writev, []\n"
        "def write(fd, parts):\n"
        "    count.append(fd)\n"
        "    if len(count) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(fd, parts)\n"
        "outfile.os.writev = write\n"
        "pack('demo', disk=Disk(Path(sys.argv[1]), 'me', Path(sys.argv[2])))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, disk.root, disk.home], check=False)
    assert done.returncode == -9
    assert [n for n in os.listdir(disk.archives) if not n.startswith(".")] == []
    # The next packing tidies up.
    (prefix / "lib/big").unlink()
    archive = pack("demo", disk=disk)
    assert sorted(os.listdir(disk.archives)) == [archive.path.name, side_file(archive.path).name]


def test_the_same_environment_packs_to_the_same_files_twice(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    make_env()
    for name in ("a.tar", "b.tar"):
        pack("demo", output=str(tmp_path / name), disk=disk)
    with tarfile.open(tmp_path / "a.tar") as one, tarfile.open(tmp_path / "b.tar") as two:
        assert one.getnames() == two.getnames()
