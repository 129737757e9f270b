"""What was changed in a local copy becomes a version: all of it, exactly, and little else."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import saving, slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.merged import merge
from modelarts_nb.envs.sealed.saving import MOST_LAYERS, save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.slots import PLACEHOLDER, Slot
from modelarts_nb.envs.sealed.unsaved import changes, seems_unsaved, watch
from modelarts_nb.envs.sealed.versions import numbers, read_version, write_version
from modelarts_nb.errors import Busy, DiskFailure, NotFound, UsageError
from tests.unit.envs.archive.conftest import MTIME
from tests.unit.envs.sealed.copies import ELSEWHERE, expanded, holds

MakeEnv = Callable[..., Path]
SITE = "lib/python3.11/site-packages"


class Heard:
    """Progress that keeps the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None: ...

    def advance(self, *, files: int = 0, bytes: int = 0) -> None: ...

    def log(self, message: str) -> None:
        self.lines.append(message)

    def check(self) -> None: ...


@pytest.fixture
def slot(disk: Disk, run: Path, make_env: MakeEnv) -> Slot:
    """A filled copy of the sealed environment ``demo``, more than half of it one large file."""
    prefix = make_env()
    (prefix / "lib/large").write_bytes(os.urandom(60_000))
    seal("demo", disk=disk)
    return fill("demo", disk=disk)


def mine(disk: Disk) -> Slot:
    """The slot that kernels start from now."""
    found = slots.current(disk, "demo")
    assert found
    return found


def test_given_a_fresh_copy_then_nothing_differs_and_nothing_is_written(
    disk: Disk, slot: Slot
) -> None:
    heard = Heard()

    version = save("demo", disk=disk, progress=heard)

    assert (version.number, numbers(disk, "demo")) == (1, [1])
    assert "nothing was changed in demo since version 1" in heard.lines


def test_what_was_changed_is_in_the_new_version_and_only_that(disk: Disk, slot: Slot) -> None:
    (slot.path / "lib/plain.txt").write_text("other")
    (slot.path / SITE / "new.py").write_text(f"HERE = {str(slot.path)!r}\n")
    shutil.rmtree(slot.path / SITE / "demo")

    version = save("demo", why="more", disk=disk)

    first, second = version.layers
    held = merge(replace(version, layers=(second,)), disk).held
    assert {path for path in held if held[path].placed.member.kind == "file"} == {
        "lib/plain.txt",
        f"{SITE}/new.py",
    }
    assert second.deleted == (f"{SITE}/demo",)
    assert list(second.prefix) == [f"{SITE}/new.py"]
    assert (version.number, version.parent, version.why) == (2, 1, "more")
    assert first == read_version(disk, "demo", 1).layers[0]
    assert version.stored == second.size == image_path(disk, second.image).stat().st_size


def test_given_packages_that_cannot_be_listed_then_no_version_is_written(
    disk: Disk, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slot.path / "lib/plain.txt").write_text("other")

    def fail(_prefix: Path) -> object:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("modelarts_nb.envs.sealed.draft.installed", fail)
    with pytest.raises(DiskFailure):
        save("demo", disk=disk)
    assert numbers(disk, "demo") == [1]


def test_given_a_local_disk_that_stops_answering_then_no_version_is_written(
    disk: Disk, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slot.path / "lib/plain.txt").write_text(f"now it names {slot.path}")
    listed = os.scandir

    def failing(folder: str | Path = ".") -> object:
        if "/overlay" in str(folder):
            raise OSError(errno.ESTALE, "Stale file handle", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(DiskFailure):
        save("demo", disk=disk)
    assert numbers(disk, "demo") == [1]


def test_the_new_version_is_the_copy_file_by_file(disk: Disk, slot: Slot, tmp_path: Path) -> None:
    top = slot.path
    (top / "share/doc/名字.txt").write_text(f"moved, {top}\n")
    (top / "lib/libdemo.so").chmod(0o755)
    os.rename(top / "etc/second.conf", top / "etc/third.conf")
    os.link(top / "lib/plain.txt", top / "lib/again.txt")
    os.rename(top / SITE / "demo", top / SITE / "other")
    (top / "share/empty-folder").rmdir()
    (top / "share/new-empty").mkdir(mode=0o700)
    (top / "bin/python").unlink()
    (top / "bin/python").symlink_to("../bin/python3.11")
    (top / "lib/empty").unlink()
    (top / "lib/empty").mkdir()
    (top / "lib/empty/file").write_text("a folder now")
    os.utime(top / "etc/first.conf", (1, 1_500_000_000))

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert holds(there) == holds(top, top)


def test_what_is_saved_is_clean_and_keeps_its_place(disk: Disk, slot: Slot) -> None:
    (slot.path / SITE / "new").mkdir()
    assert seems_unsaved(mine(disk))

    version = save("demo", disk=disk)

    now = mine(disk)
    assert (now.path, now.number, now.dirty) == (slot.path, 2, ())
    assert not seems_unsaved(now)
    assert not changes(now, version, disk)
    assert fill("demo", disk=disk).path == slot.path


def test_what_is_changed_after_a_save_is_unsaved_again(disk: Disk, slot: Slot) -> None:
    (slot.path / "lib/plain.txt").write_text("one")
    save("demo", disk=disk)
    (slot.path / "lib/plain.txt").write_text("two")

    found = changes(mine(disk), read_version(disk, "demo"), disk)

    assert (found.changed, found.deleted) == (("lib/plain.txt",), ())


def test_a_file_with_its_old_size_and_time_is_found_all_the_same(disk: Disk, slot: Slot) -> None:
    path = slot.path / "lib/plain.txt"
    before = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert changes(slot, read_version(disk, "demo"), disk).changed == ("lib/plain.txt",)


def test_folders_that_changed_places_are_found_although_their_files_kept_their_status(
    disk: Disk, slot: Slot
) -> None:
    for name, text in (("one", "1"), ("two", "22")):
        (slot.path / SITE / name).mkdir()
        (slot.path / SITE / name / "__init__.py").write_text(text)
    version = save("demo", disk=disk)
    os.rename(slot.path / SITE / "one", slot.path / SITE / "x")
    os.rename(slot.path / SITE / "two", slot.path / SITE / "one")
    os.rename(slot.path / SITE / "x", slot.path / SITE / "two")

    found = changes(mine(disk), version, disk)

    assert found.changed == (f"{SITE}/one/__init__.py", f"{SITE}/two/__init__.py")


def test_compiled_files_alone_are_no_change_but_come_along(disk: Disk, slot: Slot) -> None:
    cache = slot.path / SITE / "__pycache__"
    cache.mkdir()
    (cache / "x.cpython-311.pyc").write_bytes(b"\0" + os.fsencode(slot.path) + b"/x.py")
    assert not changes(slot, read_version(disk, "demo"), disk)

    (slot.path / SITE / "x.py").write_text("x")
    version = save("demo", disk=disk)

    assert version.layers[-1].prefix == {f"{SITE}/__pycache__/x.cpython-311.pyc": (1,)}


def test_what_our_own_install_changed_is_known_without_any_status(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    # As after an install into a twin: everything has a new status, and some is known to differ.
    path = slot.path / "lib/plain.txt"
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, (MTIME, MTIME))
    clean, names = watch(slot.path)
    assert not changes(replace(slot, clean=clean), read_version(disk, "demo"), disk)
    slots.note(replace(slot, clean=clean, names=names, dirty=("lib/plain.txt",)))

    version = save("demo", disk=disk)

    assert version.number == 2
    assert holds(expanded(disk, version, tmp_path / "there")) == holds(slot.path, slot.path)


def test_records_of_changed_files_come_along_and_are_true_anywhere(disk: Disk, slot: Slot) -> None:
    tool = slot.path / "bin/tool"
    tool.write_text(f"#!{slot.path}/bin/python3.11\nprint('other')\n")

    version = save("demo", disk=disk)

    merged = merge(replace(version, layers=version.layers[1:]), disk)
    assert sorted(merged.held) == ["bin/tool", "conda-meta/demo-1.0-0.json"]
    record = json.loads((slot.path / "conda-meta/demo-1.0-0.json").read_text())
    untouched = {p["_path"]: p.get("sha256_in_prefix") for p in record["paths_data"]["paths"]}
    assert untouched["bin/tool"]  # the copy's own is as it was
    assert not changes(mine(disk), version, disk)


def test_a_record_that_reads_otherwise_in_the_image_is_no_change_of_the_copy(
    disk: Disk, slot: Slot
) -> None:
    record = slot.path / "conda-meta/demo-1.0-0.json"
    record.write_text(json.dumps(json.loads(record.read_text()), indent=7))
    (slot.path / "bin/tool").write_text(f"#!{slot.path}/bin/python3.11\nprint('other')\n")

    version = save("demo", disk=disk)

    held = merge(version, disk).held["conda-meta/demo-1.0-0.json"]
    assert held.placed.member.size != record.stat().st_size
    assert not changes(mine(disk), version, disk)


def test_formats_with_checksums_are_left_as_they_are(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    data = b"PK\x03\x04" + os.fsencode(slot.path)
    (slot.path / "lib/made.zip").write_bytes(data)

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert (there / "lib/made.zip").read_bytes() == data
    assert version.unfit == ("lib/made.zip",)


def test_the_placeholder_itself_in_a_file_is_no_prefix(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    text = f"{PLACEHOLDER} and {slot.path}"
    (slot.path / "lib/plain.txt").write_text(text)

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert (there / "lib/plain.txt").read_text().startswith(PLACEHOLDER)


def test_a_prefix_across_the_pieces_of_a_large_file_is_found(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    name = os.fsencode(slot.path)
    piece = 1 << 20
    data = b"a" * (piece - 20) + name + b"b" * (piece - 10) + name + name
    (slot.path / "lib/big").write_bytes(data)

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert holds(there) == holds(slot.path, slot.path)


def test_a_run_root_behind_a_link_is_found_in_both_spellings(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    real = run.parent / "cache" / "run"
    real.mkdir(parents=True)
    run.symlink_to(real)
    make_env()
    seal("demo", disk=disk)
    slot = fill("demo", disk=disk)
    (slot.path / "lib/plain.txt").write_text(f"{slot.path.resolve()}/lib and {slot.path}/lib\n")

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert (there / "lib/plain.txt").read_text() == f"{ELSEWHERE}/lib and {ELSEWHERE}/lib\n"


def test_scripts_that_pip_wrote_where_it_was_activated_name_no_home(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    # given what conda calls the copy, in a script and in what Python compiled
    link = disk.home / ".ma/envs/demo"
    assert link.resolve() == slot.path.resolve()
    (slot.path / "bin/new").write_text(f"#!{link}/bin/python3.11\n# {link}2\n")
    compiled = slot.path / SITE / "demo/__pycache__/new.cpython-311.pyc"
    compiled.write_bytes(b"\0" + os.fsencode(link) + b"/lib/x.py")

    version = save("demo", disk=disk)

    there = expanded(disk, version, tmp_path / "there")
    assert (there / "bin/new").read_text() == f"#!{ELSEWHERE}/bin/python3.11\n# {link}2\n"
    assert version.unfit == ()


def test_more_than_half_is_a_whole_image(disk: Disk, slot: Slot, tmp_path: Path) -> None:
    (slot.path / "lib/large").write_bytes(os.urandom(60_000))

    version = save("demo", disk=disk)

    assert len(version.layers) == 1
    assert version.parent == 1
    assert holds(expanded(disk, version, tmp_path / "there")) == holds(slot.path, slot.path)


def test_layers_do_not_grow_without_end(disk: Disk, slot: Slot) -> None:
    counts = []
    for number in range(MOST_LAYERS):
        (slot.path / "lib/plain.txt").write_text(str(number))
        counts.append(len(save("demo", disk=disk).layers))

    assert max(counts) == MOST_LAYERS - 1
    assert counts[-2:] == [1, 2]


def test_given_an_image_is_gone_then_all_is_saved(disk: Disk, slot: Slot, tmp_path: Path) -> None:
    os.unlink(image_path(disk, read_version(disk, "demo").layers[0].image))
    (slot.path / "lib/plain.txt").write_text("still here")

    version = save("demo", disk=disk)

    assert len(version.layers) == 1
    assert holds(expanded(disk, version, tmp_path / "there")) == holds(slot.path, slot.path)


def test_given_somebody_saved_elsewhere_then_both_are_kept_and_one_is_told(
    disk: Disk, slot: Slot
) -> None:
    class Alive:
        def beat_ok(self) -> bool:
            return True

    write_version(disk, replace(read_version(disk, "demo"), parent=1, why="elsewhere"), Alive())
    (slot.path / "lib/plain.txt").write_text("here")
    heard = Heard()

    version = save("demo", disk=disk, progress=heard)

    assert (version.number, version.parent) == (3, 1)
    assert any("does not build on: 2" in line for line in heard.lines)


def test_links_that_no_image_can_carry_are_neither_saved_nor_unsaved(
    disk: Disk, slot: Slot, tmp_path: Path
) -> None:
    (slot.path / "outside").symlink_to(tmp_path)

    assert save("demo", disk=disk).number == 1


def test_a_file_that_changes_while_it_is_saved_stays_unsaved(
    disk: Disk, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (slot.path / "lib/plain.txt").write_text("one")
    real = saving.of_copy

    def and_then(*args: object, **more: object) -> object:
        made = real(*args, **more)  # type: ignore[arg-type]
        (slot.path / "lib/plain.txt").write_text("something else")
        return made

    monkeypatch.setattr(saving, "of_copy", and_then)

    with pytest.raises(Busy):
        save("demo", disk=disk)

    assert numbers(disk, "demo") == [1]
    assert changes(mine(disk), read_version(disk, "demo"), disk)


def test_compiled_files_that_a_kernel_makes_anew_meanwhile_are_left_to_the_next_save(
    disk: Disk, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = slot.path / SITE / "demo/__pycache__"
    early, late = cache / "early.cpython-311.pyc", cache / "late.cpython-311.pyc"
    for path in (early, late, cache / "half.cpython-311.pyc.140001"):
        path.write_bytes(b"compiled")
    (slot.path / "lib/plain.txt").write_text("one")
    looked, turned = saving.look, saving.of_copy

    def look_and(*args: object) -> object:
        seen = looked(*args)  # type: ignore[arg-type]
        early.write_bytes(b"compiled once more")
        return seen

    def turn_and(*args: object, **more: object) -> object:
        made = turned(*args, **more)  # type: ignore[arg-type]
        late.write_bytes(b"compiled once more")
        return made

    monkeypatch.setattr(saving, "look", look_and)
    monkeypatch.setattr(saving, "of_copy", turn_and)

    version = save("demo", disk=disk)

    held = merge(replace(version, layers=version.layers[1:]), disk).held
    assert [path for path in held if held[path].placed.member.kind == "file"] == ["lib/plain.txt"]


def test_without_a_local_copy_there_is_nothing_to_save(
    disk: Disk, run: Path, make_env: MakeEnv
) -> None:
    make_env()
    seal("demo", disk=disk)

    assert save("demo", disk=disk).number == 1


def test_an_open_environment_is_saved_already(disk: Disk, run: Path, make_env: MakeEnv) -> None:
    make_env()

    with pytest.raises(UsageError, match="is open"):
        save("demo", disk=disk)


def test_what_is_not_there_is_said_so(disk: Disk, run: Path) -> None:
    with pytest.raises(NotFound):
        save("nothing", disk=disk)
