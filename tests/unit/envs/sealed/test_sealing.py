"""An open environment becomes an image and a version; plain tar reads the image."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.sealed import sealing
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.slots import LENGTH, PLACEHOLDER
from modelarts_nb.envs.sealed.versions import numbers, read_version
from modelarts_nb.envs.state import State, write_state
from modelarts_nb.errors import ModelArtsNbError, NotFound, PackRefused, UsageError
from modelarts_nb.progress import Silent
from tests.unit.envs.archive.conftest import MTIME, tree_of

MakeEnv = Callable[..., Path]
SLOT = Path("/somewhere/else".ljust(LENGTH, "_"))


def unpacked(disk: Disk, version: Version, target: Path) -> Path:
    """The only layer as plain ``tar`` unpacks it, with another prefix at the noted bytes."""
    (layer,) = version.layers
    target.mkdir()
    with open(image_path(disk, layer.image), "rb") as image:
        command = ["tar", "--zstd", "-xf", "-", "-C", target]
        subprocess.run(command, stdin=image, check=True)
    for path, places in layer.prefix.items():
        info = os.stat(target / path)
        with open(target / path, "r+b") as file:
            for at in places:
                file.seek(at)
                file.write(os.fsencode(SLOT))
        os.utime(target / path, ns=(info.st_atime_ns, info.st_mtime_ns))
    return target


def test_what_is_unpacked_has_every_file_as_it_was_at_its_new_prefix(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    prefix = make_env()
    (prefix / "share/empty-folder").chmod(0o750)
    (prefix / "lib/plain.txt").chmod(0o640)
    before = tree_of(prefix)
    old = str(prefix).encode()

    seal("demo", disk=disk)

    there = unpacked(disk, read_version(disk, "demo"), tmp_path / "there")
    after = tree_of(there)
    record = "conda-meta/demo-1.0-0.json"
    assert after.keys() == before.keys()
    for path in before.keys() - {record, "lib/absolute.so", "lib/libdemo.so"}:
        assert after[path] == changed(before[path], old), path
    assert after["lib/absolute.so"] == ("link", "libdemo.so")
    assert (there / "bin/tool").stat().st_mtime == MTIME
    assert (there / "lib/plain.txt").stat().st_mode & 0o777 == 0o640
    assert (there / "share/empty-folder").stat().st_mode & 0o777 == 0o750
    assert os.path.samefile(there / "etc/first.conf", there / "etc/second.conf")


def changed(found: object, old: bytes) -> object:
    """What is expected of a text file that may name the old prefix."""
    if isinstance(found, tuple) and isinstance(found[1], bytes):
        return found[0], found[1].replace(old, os.fsencode(SLOT))
    return found


def test_a_padded_binary_keeps_its_length(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    size = (make_env() / "lib/libdemo.so").stat().st_size

    seal("demo", disk=disk)

    there = unpacked(disk, read_version(disk, "demo"), tmp_path / "there")
    data = (there / "lib/libdemo.so").read_bytes()
    assert len(data) == size
    assert os.fsencode(SLOT) + b"/share/data\0" in data
    assert data.endswith(b"\0end\0")


def test_records_know_the_checksums_of_what_is_in_the_image(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    make_env()
    seal("demo", disk=disk)
    (layer,) = read_version(disk, "demo").layers
    names = ["bin/tool", "conda-meta/demo-1.0-0.json"]
    with open(image_path(disk, layer.image), "rb") as image:
        command = ["tar", "--zstd", "-xf", "-", "-C", tmp_path, *names]
        subprocess.run(command, stdin=image, check=True)

    record = json.loads((tmp_path / "conda-meta/demo-1.0-0.json").read_text())

    sums = {p["_path"]: p.get("sha256_in_prefix") for p in record["paths_data"]["paths"]}
    found = subprocess.run(["sha256sum", tmp_path / "bin/tool"], capture_output=True, text=True)
    assert sums["bin/tool"] == found.stdout.split()[0]
    assert PLACEHOLDER in (tmp_path / "bin/tool").read_text()


def test_the_version_says_what_it_is(disk: Disk, run: Path, make_env: MakeEnv) -> None:
    prefix = make_env()
    write_state(prefix, State(str(prefix), "2026-01-01T00:00:00+00:00", "/image/envs/demo"))

    seal("demo", why="the first", disk=disk)

    version = read_version(disk, "demo")
    assert (version.number, version.parent, version.why) == (1, None, "the first")
    assert (version.owner, version.origin) == ("tester", "/image/envs/demo")
    assert [(p.name, p.version) for p in version.packages] == [("demo", "1.0")]
    assert (
        version.stored
        == version.layers[0].size
        == image_path(disk, version.layers[0].image).stat().st_size
    )
    assert version.files == 14
    assert "bin/tool" in version.layers[0].prefix
    assert version.unfit == ()


def test_the_tree_goes_to_the_bin_and_the_name_stays(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    prefix = make_env()

    made = seal("demo", disk=disk)

    assert (made.name, made.state, made.version) == ("demo", "sealed", 1)
    assert not prefix.exists()
    assert [entry.partition("-")[2] for entry in os.listdir(disk.bin)] == ["demo"]


def test_nothing_of_ours_is_in_the_image(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    ours = make_env() / "conda-meta/modelarts_nb"
    ours.mkdir()
    (ours / "state.json").write_text("{}")

    seal("demo", disk=disk)

    there = unpacked(disk, read_version(disk, "demo"), tmp_path / "there")
    assert not (there / "conda-meta/modelarts_nb").exists()


def test_sealing_what_is_sealed_changes_nothing(disk: Disk, run: Path, make_env: MakeEnv) -> None:
    make_env()
    seal("demo", disk=disk)

    again = seal("demo", disk=disk)

    assert (again.state, again.version) == ("sealed", 1)
    assert numbers(disk, "demo") == [1]


def test_given_the_same_tree_again_then_its_image_and_version_are_found(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    make_env()
    seal("demo", disk=disk)
    (entry,) = os.listdir(disk.bin)
    # As when the process was killed before it removed the tree, but had noted that it would.
    os.rename(disk.bin / entry, disk.envs / "demo")
    os.utime(disk.envs / "demo/conda-meta")

    seal("demo", disk=disk)

    assert numbers(disk, "demo") == [1]
    assert len(os.listdir(disk.images)) == 1


def test_given_a_changed_tree_then_the_next_version_has_the_former_as_parent(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    make_env()
    seal("demo", disk=disk)
    (entry,) = os.listdir(disk.bin)
    os.rename(disk.bin / entry, disk.envs / "demo")
    (disk.envs / "demo/share/new").write_text("more")

    seal("demo", disk=disk)

    version = read_version(disk, "demo")
    assert (version.number, version.parent) == (2, 1)
    assert version.stored == version.layers[0].size


def test_its_kernel_stays_registered(disk: Disk, run: Path, make_env: MakeEnv) -> None:
    prefix = make_env()
    folder = disk.local_kernels / "ma-demo"
    folder.mkdir(parents=True)
    argv = ["/bin/sh", "{resource_dir}/launch.sh", str(prefix), "-m", "ipykernel_launcher"]
    metadata = {"modelarts_nb": {"env": "demo", "prefix": str(prefix)}}
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "metadata": metadata}))

    seal("demo", disk=disk)

    assert Kernels(disk).of_name("demo") == ("ready", "ma-demo")
    assert "--sealed" in json.loads((folder / "kernel.json").read_text())["argv"]


def test_links_that_no_image_can_carry_are_refused_and_nothing_is_done(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    prefix = make_env()
    (prefix / "outside").symlink_to(tmp_path)

    with pytest.raises(PackRefused) as error:
        seal("demo", disk=disk)

    assert "Remove these links" in error.value.hint
    assert prefix.is_dir()
    assert numbers(disk, "demo") == []


def test_missing_files_are_refused_with_what_helps(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    (make_env() / "lib/plain.txt").unlink()

    with pytest.raises(PackRefused) as error:
        seal("demo", disk=disk)

    assert "ma env check demo --fix" in error.value.hint


def test_a_file_that_changes_while_it_is_packed_is_no_version(
    disk: Disk, run: Path, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_env()
    real = sealing.of_tree

    def and_then(*args: object, **more: object) -> object:
        made = real(*args, **more)  # type: ignore[arg-type]
        (prefix / "lib/plain.txt").write_text(f"names {prefix} now")
        return made

    monkeypatch.setattr(sealing, "of_tree", and_then)

    with pytest.raises(ModelArtsNbError) as error:
        seal("demo", disk=disk)

    assert error.value.code == "busy"
    assert (numbers(disk, "demo"), os.listdir(disk.images)) == ([], [])


def test_what_runs_from_the_tree_is_counted_in_the_log(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    lines: list[str] = []

    class Heard(Silent):
        def log(self, message: str) -> None:
            lines.append(message)

    program = make_env() / "bin/program"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        try:
            seal("demo", disk=disk, progress=Heard())
        finally:
            process.kill()

    assert next(line for line in lines if "restart these kernels" in line).startswith("1 process")


def test_nothing_is_left_on_the_local_disk(disk: Disk, run: Path, make_env: MakeEnv) -> None:
    make_env()

    seal("demo", disk=disk)

    assert os.listdir(run / ".new") == []


def test_what_is_not_there_is_said_so(disk: Disk, run: Path) -> None:
    with pytest.raises(NotFound):
        seal("nothing", disk=disk)


def test_a_level_that_zstd_does_not_have_is_refused(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    make_env()

    with pytest.raises(UsageError):
        seal("demo", level=99, disk=disk)
