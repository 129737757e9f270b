"""Whatever was done to a local copy: the versions that are saved of it are what it was then."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.slots import LENGTH, PLACEHOLDER
from modelarts_nb.envs.sealed.unsaved import changes
from modelarts_nb.envs.sealed.versions import read_version
from tests.unit.envs.sealed.copies import expanded, holds

# Hundreds of small files that must be on a disk before the next step: memory is one, too.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
NAMES = ("a", "b", "lib", "名字", "x.py", b"\xff".decode("utf-8", "surrogateescape"))
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
# What files hold: nothing, bytes, the copy's own path, and what looks like one.
contents = st.lists(
    st.sampled_from([b"", b"\0", b"\n", b"text", b"SLOT", b"SLOT/bin", PLACEHOLDER.encode()]),
    max_size=4,
).map(b"".join)
deeds = st.one_of(
    st.tuples(st.just("write"), paths, contents),
    st.tuples(st.just("write over"), paths, contents),
    st.tuples(st.just("remove"), paths),
    st.tuples(st.just("folder"), paths),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("hard link"), paths, paths),
    st.tuples(st.just("link"), paths, st.sampled_from(["a", "b/x.py", "../a", "nowhere"])),
    st.tuples(st.just("mode"), paths, st.sampled_from([0o644, 0o755, 0o600, 0o500])),
    st.tuples(st.just("time"), paths, st.integers(0, 2_000_000_000)),
)


def do(top: Path, deed: tuple[object, ...]) -> None:
    """One deed, where it is possible."""
    what, path, *more = deed
    at = top / str(path)
    try:
        if what == "write":
            at.parent.mkdir(parents=True, exist_ok=True)
            fresh = top / "fresh"
            fresh.write_bytes(bytes(more[0]).replace(b"SLOT", os.fsencode(top)))  # type: ignore[call-overload]
            os.replace(fresh, at)
        elif what == "write over":
            with open(at, "r+b") as file:
                file.truncate()
                file.write(bytes(more[0]).replace(b"SLOT", os.fsencode(top)))  # type: ignore[call-overload]
        elif what == "remove":
            shutil.rmtree(at) if at.is_dir() and not at.is_symlink() else at.unlink()
        elif what == "folder":
            at.mkdir(parents=True)
        elif what == "rename":
            os.rename(at, top / str(more[0]))
        elif what == "hard link":
            os.link(at, top / str(more[0]), follow_symlinks=False)
        elif what == "link":
            at.symlink_to(str(more[0]))
        elif what == "mode" and not at.is_symlink():
            at.chmod(int(str(more[0])) | (0o700 if at.is_dir() else 0))
        elif what == "time" and at.is_file() and not at.is_symlink():
            os.utime(at, (0, int(str(more[0]))))
    except OSError:
        (top / "fresh").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def sealed() -> Iterator[Path]:
    """A folder with a disk that has one small sealed environment; copied for every example."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        top = Path(folder)
        prefix = top / "disk/envs/user_conda/demo"
        for path in ("conda-meta/history", "a/b/x.py", "a/名字", "b/a", "lib/x.py"):
            (prefix / path).parent.mkdir(parents=True, exist_ok=True)
            (prefix / path).write_text(f"in {prefix}\n")
        (prefix / "b/large").write_bytes(os.urandom(20_000))
        os.link(prefix / "b/a", prefix / "lib/a")
        os.link(prefix / "b/a", prefix / "x.py")
        (prefix / "b/b").symlink_to("../a/b")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MODELARTS_NB_RUN", str(top / "run"))
            seal("demo", disk=Disk(top / "disk", "tester", top / "home"))
        yield top


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=st.lists(st.lists(deeds, min_size=1, max_size=6), min_size=1, max_size=3))
def test_given_any_changes_then_each_version_is_the_copy_as_it_was(
    sealed: Path, home: Path, rounds: list[list[tuple[object, ...]]]
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, pytest.MonkeyPatch.context() as patch:
        top = Path(folder)
        shutil.copytree(sealed / "disk", top / "disk", symlinks=True)
        patch.setenv("MODELARTS_NB_RUN", str(top / "run"))
        disk = Disk(top / "disk", "tester", top / "home")
        slot = fill("demo", disk=disk)
        assert len(os.fsencode(slot.path)) == LENGTH
        was = {}
        for deeds_of_round in rounds:
            for deed in deeds_of_round:
                do(slot.path, deed)
            version = save("demo", disk=disk)
            now = slots.current(disk, "demo")
            assert now is not None
            assert not changes(now, version, disk)
            was[version.number] = holds(slot.path, slot.path)
        for number, before in was.items():
            version = read_version(disk, "demo", number)
            assert holds(expanded(disk, version, top / str(number))) == before
        # Also in another container, whose run root is elsewhere.
        patch.setenv("MODELARTS_NB_RUN", str(top / "other"))
        other = fill("demo", disk=replace(disk, home=top / "other-home"))
        assert holds(other.path, other.path) == was[max(was)]
