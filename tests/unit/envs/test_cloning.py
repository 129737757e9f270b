"""Clones of prefixes made by hand: every kind of prefix, and sources that are no environments."""

from __future__ import annotations

import json
import os
import py_compile
import sys
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs import cloning as clone_module
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.records import Changed
from modelarts_nb.envs.relocate import leftovers, relocate
from modelarts_nb.envs.state import read_state
from modelarts_nb.errors import (
    Busy,
    Cancelled,
    DiskFull,
    EngineFailed,
    InvalidName,
    ModelArtsNbError,
    NameTaken,
    NotAnEnvironment,
    NotFound,
)
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import PLACEHOLDER, add_record, make_on_disk, make_prefix, write


class Listening(Silent):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An environment of an image."""
    return make_prefix(tmp_path / "image/envs/PyTorch-1.8")


def contents(root: Path) -> dict[str, tuple[int, int, bytes | str]]:
    """All files and links below a folder: mode, time, content."""
    found: dict[str, tuple[int, int, bytes | str]] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            info = path.lstat()
            data = os.readlink(path) if path.is_symlink() else path.read_bytes()
            found[str(path.relative_to(root))] = (info.st_mode, info.st_mtime_ns, data)
    return found


def test_given_an_image_when_cloned_then_its_text_speaks_of_the_clone(
    source: Path, disk: Disk
) -> None:
    # given
    before = contents(source)
    # when
    environment = clone(str(source), "mine", disk=disk)
    # then
    mine = disk.envs / "mine"
    assert environment.prefix == mine
    assert (mine / "bin/pip").read_text() == f"#!{mine}/bin/python\nprint('pip')\n"
    assert (mine / "bin/pip").stat().st_mtime_ns == (source / "bin/pip").stat().st_mtime_ns
    assert (mine / "bin/pip").stat().st_mode == (source / "bin/pip").stat().st_mode
    assert f"create -p {mine}" in (mine / "conda-meta/history").read_text()
    assert contents(source) == before


def test_given_a_clone_when_asked_then_its_state_says_where_it_came_from(
    source: Path, disk: Disk
) -> None:
    environment = clone(str(source), "mine", disk=disk)
    state = read_state(environment.prefix)
    assert state is not None
    assert (state.origin, state.prefix) == (str(source), str(environment.prefix))
    assert state.files == len(contents(source))
    assert environment.origin == str(source)


def test_given_a_source_named_through_a_link_when_cloned_then_both_spellings_are_rewritten(
    source: Path, disk: Disk, tmp_path: Path
) -> None:
    link = tmp_path / "linked"
    link.symlink_to(source)
    write(source / "etc/both", f"{source} {link}\n")
    mine = clone(str(link), "mine", disk=disk).prefix
    assert (mine / "etc/both").read_text() == f"{mine} {mine}\n"


def test_given_links_when_cloned_then_they_lead_where_they_led(
    source: Path, disk: Disk, tmp_path: Path
) -> None:
    # given
    outside = write(tmp_path / "image/shared.txt", "shared")
    for name, target in {
        "absolute": f"{source}/bin/pip",
        "relative": "../bin/pip",
        "out": "../../../shared.txt",
        "system": "/usr/bin/env",
        "nowhere": "not-there",
    }.items():
        (source / "share").mkdir(exist_ok=True)
        os.symlink(target, source / "share" / name)
    # when
    mine = clone(str(source), "mine", disk=disk).prefix
    # then
    assert {name: os.readlink(mine / "share" / name) for name in os.listdir(mine / "share")} == {
        "absolute": f"{mine}/bin/pip",
        "relative": "../bin/pip",
        "out": str(outside),
        "system": "/usr/bin/env",
        "nowhere": "not-there",
    }


def test_given_hard_links_when_cloned_then_all_names_are_rewritten_and_stay_linked(
    source: Path, disk: Disk
) -> None:
    one = write(source / "share/one", f"prefix={source}\n")
    os.link(one, source / "share/two")
    mine = clone(str(source), "mine", disk=disk).prefix
    assert (mine / "share/two").read_text() == f"prefix={mine}\n"
    assert (mine / "share/one").samefile(mine / "share/two")


def test_given_a_recorded_binary_when_cloned_then_padding_gives_room_and_its_record_follows(
    source: Path, disk: Disk
) -> None:
    # given
    padding = len(PLACEHOLDER) - len(str(source))
    content = b"\x7fELF\0" + str(source).encode() + b"/lib" + b"\0" * (padding + 1) + b"end"
    write(source / "lib/x.so", content)
    item = {
        "_path": "lib/x.so",
        "path_type": "hardlink",
        "prefix_placeholder": PLACEHOLDER,
        "file_mode": "binary",
        "size_in_bytes": len(content),
        "sha256": "0" * 64,
    }
    record = add_record(source, "x", "1.0", [item])
    # when
    mine = clone(str(source), "mine", disk=disk).prefix
    # then
    changed = (mine / "lib/x.so").read_bytes()
    assert len(changed) == len(content)
    assert f"\0{mine}/lib\0".encode() in changed
    written = json.loads((mine / "conda-meta" / record.name).read_text())
    (after,) = written["paths_data"]["paths"]
    assert after == {**item, "sha256_in_prefix": Changed.of(changed).sha256}


def test_given_a_recorded_binary_without_padding_when_cloned_then_nothing_lands(
    source: Path, disk: Disk
) -> None:
    content = b"\x7fELF\0" + str(source).encode() + b"\0end"
    write(source / "lib/x.so", content)
    item = {"_path": "lib/x.so", "prefix_placeholder": PLACEHOLDER, "file_mode": "binary"}
    add_record(source, "x", "1.0", [item])
    with pytest.raises(EngineFailed, match=r"lib/x\.so has no room"):
        clone(str(source), "a-name-that-is-long-" + "x" * 40, disk=disk)
    assert not disk.envs.exists()
    assert os.listdir(disk.staging) == []


def test_given_a_loose_binary_without_room_when_cloned_then_it_stays_and_the_log_names_it(
    source: Path, disk: Disk
) -> None:
    content = b"\x7fELF\0" + str(source).encode() + b"\0end"
    write(source / "lib/built.so", content)
    heard = Listening()
    name = "a-name-that-is-long-" + "x" * 40
    mine = clone(str(source), name, disk=disk, progress=heard).prefix
    assert (mine / "lib/built.so").read_bytes() == content
    assert any("lib/built.so" in line for line in heard.lines)
    assert leftovers(mine, [str(source)]) == ["lib/built.so"]


def test_given_changed_python_when_cloned_then_its_compiled_file_is_made_anew(
    source: Path, disk: Disk
) -> None:
    # given a module that holds its prefix, compiled, and one that does not
    (source / "bin/python").unlink()
    (source / "bin/python").symlink_to(sys.executable)
    cache = f"__pycache__/{{}}.{sys.implementation.cache_tag}.pyc"
    for name, text in {"conf": f"PREFIX = {str(source)!r}\n", "plain": "A = 1\n"}.items():
        module = write(source / f"lib/{name}.py", text)
        py_compile.compile(str(module), doraise=True)
    untouched = (source / "lib" / cache.format("plain")).read_bytes()
    # when
    mine = clone(str(source), "mine", disk=disk).prefix
    # then
    assert (mine / "lib" / cache.format("plain")).read_bytes() == untouched
    compiled = (mine / "lib" / cache.format("conf")).read_bytes()
    assert str(source).encode() not in compiled
    assert f"{mine}/lib/conf.py".encode() in compiled
    info = (mine / "lib/conf.py").stat()
    assert int.from_bytes(compiled[8:12], "little") == int(info.st_mtime)
    assert int.from_bytes(compiled[12:16], "little") == info.st_size
    assert leftovers(mine, [str(source)]) == []


def test_given_no_python_that_starts_when_cloned_then_stale_compiled_files_are_gone(
    source: Path, disk: Disk
) -> None:
    (source / "bin/python").unlink()
    write(source / "lib/conf.py", f"PREFIX = {str(source)!r}\n")
    write(source / "lib/__pycache__/conf.cpython-37.pyc", f"\0{source}\0")
    mine = clone(str(source), "mine", disk=disk).prefix
    assert list((mine / "lib/__pycache__").iterdir()) == []


def test_given_a_compiled_constant_when_looked_for_then_it_counts_and_the_source_name_does_not(
    source: Path,
) -> None:
    old = "/old/prefix"
    for name, held in {"shown": f"{old}/lib/shown.py", "held": f"{old}/lib/data.txt"}.items():
        write(source / f"lib/__pycache__/{name}.cpython-37.pyc", f"\0{held}\0")
    assert leftovers(source, [old]) == ["lib/__pycache__/held.cpython-37.pyc"]


def test_given_a_base_when_cloned_then_other_environments_and_packages_stay_behind(
    tmp_path: Path, disk: Disk
) -> None:
    # given
    base = make_prefix(tmp_path / "anaconda3")
    (base / "condabin").mkdir()
    make_prefix(base / "envs/other")
    write(base / "pkgs/urls.txt", "")
    write(base / "etc/paths", f"{base}/bin {base}/envs/other {base}/pkgs/x\n")
    # when
    mine = clone(str(base), "mine", disk=disk).prefix
    # then
    assert not (mine / "envs").exists()
    assert not (mine / "pkgs").exists()
    assert (mine / "etc/paths").read_text() == f"{mine}/bin {base}/envs/other {base}/pkgs/x\n"


def test_given_a_base_that_holds_the_disk_when_cloned_then_it_does_not_copy_its_own_copy(
    disk: Disk,
) -> None:
    base = make_prefix(disk.root / "conda")
    inside = Disk(base / "work", disk.owner, disk.home)
    inside.root.mkdir()
    clone(str(base), "one", disk=inside, kernel=False)
    mine = clone(str(base), "two", disk=inside, kernel=False).prefix
    assert not (mine / "work/envs/user_conda").exists()


def test_given_editable_code_outside_when_cloned_then_it_stays_there_and_the_log_says_so(
    source: Path, disk: Disk, tmp_path: Path
) -> None:
    # given
    site = source / "lib/python3.11/site-packages"
    code = tmp_path / "project"
    write(site / "__editable__.project.pth", f"{code}\n{source}/src\n")
    direct = {"url": code.as_uri(), "dir_info": {"editable": True}}
    write(site / "project-1.0.dist-info/direct_url.json", json.dumps(direct))
    heard = Listening()
    # when
    mine = clone(str(source), "mine", disk=disk, progress=heard).prefix
    # then
    pth = mine / "lib/python3.11/site-packages/__editable__.project.pth"
    assert pth.read_text() == f"{code}\n{mine}/src\n"
    assert f"project is editable, its code stays in {code}" in heard.lines


def test_given_a_read_only_source_when_cloned_then_the_copy_is_the_users(
    source: Path, disk: Disk
) -> None:
    folder = source / "share/locked"
    write(folder / "file", f"{source}\n", 0o444)
    folder.chmod(0o555)
    mine = clone(str(source), "mine", disk=disk).prefix
    assert (mine / "share/locked/file").read_text() == f"{mine}\n"
    assert (mine / "share/locked/file").stat().st_mode & 0o777 == 0o444
    assert (mine / "share/locked").stat().st_mode & 0o700 == 0o700


def test_given_an_environment_moved_by_hand_when_cloned_then_the_clone_is_true(
    source: Path, disk: Disk
) -> None:
    there = source.with_name("moved")
    source.rename(there)
    mine = clone(str(there), "mine", disk=disk).prefix
    assert (mine / "bin/pip").read_text().startswith(f"#!{mine}/bin/python\n")


def test_given_no_ipykernel_when_cloned_then_there_is_no_kernel_and_the_log_says_how(
    tmp_path: Path, disk: Disk
) -> None:
    source = make_prefix(tmp_path / "bare", ipykernel=False)
    heard = Listening()
    environment = clone(str(source), "mine", disk=disk, progress=heard)
    assert environment.kernel == "none"
    assert any("ma env install mine ipykernel" in line for line in heard.lines)


def test_given_kernel_false_when_cloned_then_none_is_registered(source: Path, disk: Disk) -> None:
    assert clone(str(source), "mine", kernel=False, disk=disk).kernel == "none"
    assert not disk.local_kernels.exists()


def test_given_a_home_that_refuses_when_cloned_then_the_clone_stays_and_the_log_says_so(
    source: Path, disk: Disk
) -> None:
    write(disk.home / ".conda", "a file")
    write(disk.home / ".local", "a file")
    heard = Listening()
    environment = clone(str(source), "mine", disk=disk, progress=heard)
    assert environment.prefix.is_dir()
    assert environment.kernel == "missing"
    assert any(line.startswith("conda does not know it") for line in heard.lines)
    assert any(line.startswith("no kernel was registered") for line in heard.lines)


@pytest.mark.parametrize(
    ("name", "error"),
    [("", InvalidName), ("../x", InvalidName), ("base", InvalidName), ("MINE", NameTaken)],
)
def test_given_a_bad_name_when_cloned_then_it_is_refused_and_the_disk_as_before(
    name: str, error: type[ModelArtsNbError], source: Path, disk: Disk
) -> None:
    make_on_disk(disk, "mine")
    before = contents(disk.root)
    with pytest.raises(error) as raised:
        clone(str(source), name, disk=disk)
    assert raised.value.hint
    assert contents(disk.root) == before


def test_given_an_empty_folder_of_the_name_when_cloned_then_it_is_taken(
    source: Path, disk: Disk
) -> None:
    (disk.envs / "mine").mkdir(parents=True)
    with pytest.raises(NameTaken):
        clone(str(source), "mine", disk=disk)
    assert os.listdir(disk.envs / "mine") == []


def test_given_bad_sources_when_cloned_then_each_is_refused_with_a_hint(
    tmp_path: Path, disk: Disk
) -> None:
    write(tmp_path / "venv/pyvenv.cfg", "home = /usr\n")
    write(tmp_path / "folder/file", "")
    (tmp_path / "empty/conda-meta").mkdir(parents=True)
    expected = {
        "nowhere": NotFound,
        "/not/there": NotFound,
        "": NotFound,
        "a\0b": NotFound,
        str(tmp_path / "venv"): NotAnEnvironment,
        str(tmp_path / "folder"): NotAnEnvironment,
        str(tmp_path / "folder/file"): NotAnEnvironment,
        str(tmp_path / "empty"): NotAnEnvironment,
    }
    for source, error in expected.items():
        with pytest.raises(error) as raised:
            clone(source, "mine", disk=disk)
        assert raised.value.hint
    assert not disk.envs.exists()


def test_given_somebody_works_on_the_source_when_cloned_then_busy(disk: Disk) -> None:
    make_on_disk(disk, "Theirs")
    with lock(disk, "theirs"), pytest.raises(Busy, match="Theirs"):
        clone("Theirs", "mine", disk=disk)


def test_given_no_space_when_cloned_then_nothing_is_begun(source: Path, disk: Disk) -> None:
    os.truncate(write(source / "huge", ""), 1 << 43)  # a hole larger than any disk here
    with pytest.raises(DiskFull):
        clone(str(source), "mine", disk=disk)
    assert not disk.envs.exists()
    assert os.listdir(disk.staging) == []


def test_given_a_cancel_while_landing_when_cloned_then_nothing_is_left(
    source: Path, disk: Disk
) -> None:
    class Impatient(Silent):
        def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
            if name == "landing":
                raise Cancelled

    with pytest.raises(Cancelled):
        clone(str(source), "mine", disk=disk, progress=Impatient())
    assert not disk.envs.exists()
    assert os.listdir(disk.staging) == []
    assert os.listdir(disk.locks) == []


def test_given_a_name_taken_meanwhile_when_landing_then_the_first_one_stays(
    source: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = clone_module.copy_prefix

    def slowly(*args: object, **options: object) -> object:
        copied = copy(*args, **options)  # type: ignore[arg-type]
        write(disk.envs / "Mine/theirs", "first")
        return copied

    monkeypatch.setattr(clone_module, "copy_prefix", slowly)
    with pytest.raises(NameTaken):
        clone(str(source), "mine", disk=disk)
    assert contents(disk.envs).keys() == {"Mine/theirs"}


def test_given_a_staged_environment_when_relocated_then_hard_links_into_a_cache_are_safe(
    tmp_path: Path,
) -> None:
    # given a file that the package cache shares
    staged, final = make_prefix(tmp_path / "staging/content"), tmp_path / "envs/mine"
    cached = write(tmp_path / "cache/x", f"{staged}/x\n")
    os.link(cached, staged / "x")
    os.symlink(f"{staged}/x", staged / "link")
    # when
    moved = relocate(staged, [str(staged)], final)
    # then
    assert (staged / "x").read_text() == f"{final}/x\n"
    assert cached.read_text() == f"{staged}/x\n"
    assert os.readlink(staged / "link") == f"{final}/x"
    assert set(moved.rewritten) == {"bin/pip", "conda-meta/history", "x"}
    assert leftovers(staged, [str(staged)], final=final) == []
