"""The file being written: hidden until whole, never over another, errors of the disk told."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelarts_nb.envs.archive import outfile
from modelarts_nb.envs.archive.outfile import OutFile, appear, partial, sweep
from modelarts_nb.errors import NameTaken


def test_bytes_arrive_and_are_hashed(tmp_path: Path) -> None:
    pieces = [os.urandom(700_000) for _ in range(5)]
    out = OutFile(tmp_path / "x")
    for piece in pieces:
        out.write(piece)
    digest = out.finish()
    assert (tmp_path / "x").read_bytes() == b"".join(pieces)
    assert digest == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert out.size == 3_500_000


def test_a_failing_disk_is_told_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open
    # The kernel's own full device; with O_EXCL, as archives are opened, it cannot be.
    monkeypatch.setattr(os, "open", lambda path, *_: real("/dev/full", os.O_WRONLY))
    out = OutFile(Path("x"))
    out.write(bytes(1 << 20))
    with pytest.raises(OSError, match="No space left"):
        out.finish()
    with pytest.raises(OSError, match="No space left"):
        out.write(b"more")


def test_it_appears_whole_and_nothing_is_left(tmp_path: Path) -> None:
    target = tmp_path / "x.tar"
    with partial(target) as path:
        path.write_bytes(b"data")
        appear(path, target)
    assert [p.name for p in tmp_path.iterdir()] == ["x.tar"]


def test_it_never_replaces(tmp_path: Path) -> None:
    target = tmp_path / "x.tar"
    target.write_text("mine")
    with partial(target) as path:
        path.write_bytes(b"data")
        with pytest.raises(NameTaken):
            appear(path, target)
    assert target.read_text() == "mine"


def test_what_a_dead_packing_left_is_swept_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path;"
        "from modelarts_nb.envs.archive.outfile import partial\n"
        "with partial(Path(sys.argv[1])) as path:\n"
        "    path.write_bytes(b'x'); os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "dead.tar"])
    assert len(os.listdir(tmp_path)) == 1
    with partial(tmp_path / "alive.tar") as path:
        path.write_bytes(b"x")
        sweep(tmp_path)
        assert os.listdir(tmp_path) == [path.name]


def test_another_notebooks_partial_is_swept_after_a_day_of_silence(tmp_path: Path) -> None:
    fresh = tmp_path / ".a.tar.00000000-1.partial"
    old = tmp_path / ".b.tar.00000000-1.partial"
    fresh.write_bytes(b"")
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    assert sweep(tmp_path) == [old.name]


def test_killed_between_an_archive_and_its_manifest_a_sweep_brings_the_manifest(
    tmp_path: Path,
) -> None:
    # Given what a kill right after the archive appeared has left
    partial_name = tmp_path / f".a.tar.zst.{outfile._boot()}-{2**22 + 1}.partial"
    partial_name.write_bytes(b"archive")
    partial_name.with_name(f"{partial_name.name}.json").write_bytes(b"manifest")
    os.link(partial_name, tmp_path / "a.tar.zst")
    # When somebody sweeps
    outfile.sweep(tmp_path)
    # Then it has its manifest, and nothing else is there
    assert sorted(os.listdir(tmp_path)) == ["a.tar.zst", "a.tar.zst.json"]
    assert (tmp_path / "a.tar.zst.json").read_bytes() == b"manifest"


def test_killed_before_the_archive_appeared_a_sweep_removes_its_manifest(tmp_path: Path) -> None:
    partial_name = tmp_path / f".a.tar.zst.{outfile._boot()}-{2**22 + 1}.partial"
    partial_name.write_bytes(b"archive")
    partial_name.with_name(f"{partial_name.name}.json").write_bytes(b"manifest")
    (tmp_path / "a.tar.zst").write_bytes(b"somebody else's")
    outfile.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["a.tar.zst"]
