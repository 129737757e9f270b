"""Archives nobody would write by hand: nothing outside changes, and nothing crashes."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.errors import ModelArtsNbError

PART = st.sampled_from(["a", "b", "bin", "lib", "conda-meta", "..", ".", "", "名", "x" * 300, "A"])
PATH = st.one_of(
    st.lists(PART, min_size=1, max_size=5).map("/".join),
    st.sampled_from(["/", "/etc/evil", "bin/conda-unpack", "conda-meta/history", "a\0b"]),
    st.sampled_from(["conda-meta/modelarts_nb/archive.json", "conda-meta/x.json", "bin/tool"]),
)
KIND = st.sampled_from(
    [
        tarfile.REGTYPE,
        tarfile.REGTYPE,
        tarfile.DIRTYPE,
        tarfile.SYMTYPE,
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.FIFOTYPE,
        tarfile.GNUTYPE_SPARSE,
        b"Z",
    ]
)
DATA = st.sampled_from(
    [
        b"",
        b"text /old/place/bin",
        b"\0binary /old/place\0\0\0",
        b"{}",
        b'{"name": "x", "subdir": 5, "paths_data": {"paths": [1, {"_path": 2}]}}',
        b'{"prefixes": ["/old/place"], "origin": "/old/place", "platform": "linux-64"}',
        b"\n_prefix_records = [\n('../../evil', '/old/place', 'text'),\n]\n",
        b"\n_prefix_records = [\n('bin/tool', '/', 'binary'), ('a', '/old/place', 'x'),\n]\n",
    ]
)
MEMBER = st.tuples(PATH, KIND, PATH, DATA, st.integers(0, 0o7777), st.integers(-5, 1 << 40))
# Enough of an environment that what follows is looked at to the end.
BASE = [
    ("conda-meta/history", tarfile.REGTYPE, "", b"", 0o644, 0),
    (
        "bin/conda-unpack",
        tarfile.REGTYPE,
        "",
        b"\n_prefix_records = [\n('bin/tool', '/old/place', 'text'),\n]\n",
        0o755,
        0,
    ),
]


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p): (p.lstat().st_mode, b"" if p.is_dir() else p.read_bytes()) for p in root.rglob("*")
    }


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "file").write_text("precious")
    (tmp_path / "target").mkdir()
    return folder


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(members=st.lists(MEMBER, max_size=7), based=st.booleans(), cut=st.integers(0, 3000))
def test_nothing_outside_changes_and_nothing_crashes(
    disk: Disk,
    victim: Path,
    tmp_path: Path,
    members: list[tuple[str, bytes, str, bytes, int, int]],
    based: bool,
    cut: int,
) -> None:
    archive = tmp_path / "x.tar"
    archive.unlink(missing_ok=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, kind, target, data, mode, mtime in [*(BASE if based else []), *members]:
            member = tarfile.TarInfo(path)
            member.type, member.linkname, member.mode, member.mtime = kind, target, mode, mtime
            member.size = len(data) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(data))
    content = buffer.getvalue()
    archive.write_bytes(content if cut > 500 else content[:cut])
    before = snapshot(victim)
    prefix = tmp_path / "target" / "env"
    outside = {p for p in tmp_path.iterdir() if p.name not in ("target", "home", "disk")}
    shutil.rmtree(prefix, ignore_errors=True)  # of an example that failed

    try:
        unpack(str(archive), prefix=str(prefix), kernel=False, disk=disk)
    except ModelArtsNbError:
        assert not prefix.exists()
    else:
        for path in prefix.rglob("*"):
            assert path.is_symlink() or path.lstat().st_mode & 0o7000 == 0
            if path.is_symlink() and path.exists():
                assert path.resolve().is_relative_to(prefix.resolve())
        shutil.rmtree(prefix)

    assert snapshot(victim) == before
    assert {p for p in tmp_path.iterdir() if p.name not in ("target", "home", "disk")} == outside
    assert list(prefix.parent.iterdir()) == []
    assert not (disk.root / "evil").exists()
