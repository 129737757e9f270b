"""Files and folders to and from a container, through OpenSSH's own server."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.errors import Cancelled, ModelArtsNbError, NameTaken, NotFound, UsageError
from modelarts_nb.progress import Silent
from modelarts_nb.shell import fanout
from modelarts_nb.shell.copying import fetch, send
from modelarts_nb.shell.errors import TransferFailed, TransferHostile
from modelarts_nb.shell.places import Place, place_of
from modelarts_nb.shell.target import Target
from modelarts_nb.shell.unpacking import unpack


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder of the container."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder of ours."""
    folder = tmp_path / "here it is"
    folder.mkdir()
    return folder


class Log(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bytes = 0

    def log(self, message: str) -> None:
        self.said.append(message)

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        # The size of all may be heard after the first pieces, which are then counted again.
        self.bytes = 0

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        self.bytes += bytes


def a_tree(root: Path) -> None:
    """Files of all kinds, with names that a shell could take for something else."""
    (root / "sub $HOME; 'x'").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "big").write_bytes(os.urandom(3 << 20))
    (root / "sub $HOME; 'x'" / "中文 -rf *").write_text("wide")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("big")


def listing(root: Path) -> dict[str, str]:
    """What is in a folder, with contents."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            mode = stat.S_IMODE(path.stat().st_mode) & 0o111
            found[name] = f"{mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return found


def test_a_folder_arrives_as_it_is(target: Target, there: Path, here: Path) -> None:
    a_tree(there / "out")
    progress = Log()

    done = fetch(target, f"{there}/out", str(here), progress=progress)

    assert listing(here / "out") == listing(there / "out")
    assert done.target == str(here / "out")
    assert progress.bytes == done.bytes > 3 << 20
    assert os.listdir(here) == ["out"]


def test_a_folder_is_sent_as_it_is(target: Target, there: Path, here: Path) -> None:
    a_tree(here / "data")

    done = send(target, str(here / "data"), f"{there}/")

    assert listing(there / "data") == listing(here / "data")
    assert done.target == f"{there}/data"
    assert os.listdir(there) == ["data"]


def test_a_file_gets_the_name_that_is_asked_for_and_replaces_a_file(
    target: Target, there: Path, here: Path
) -> None:
    (here / "a").write_text("new")
    (there / "b").write_text("old")
    send(target, str(here / "a"), f"{there}/b")
    assert (there / "b").read_text() == "new"

    (there / "b").write_text("newer")
    fetch(target, f"{there}/b", str(here / "a"))
    assert (here / "a").read_text() == "newer"


def test_relative_paths_there_begin_at_its_home(target: Target, here: Path) -> None:
    name = f"ma-test-{os.getpid()}"
    (here / "a").write_text("x")
    home = Path(os.path.expanduser("~root") if os.geteuid() == 0 else os.environ["HOME"])
    try:
        send(target, str(here / "a"), name)
        assert fetch(target, f"~/{name}", str(here / "b")).target == str(here / "b")
        assert (here / "b").read_text() == "x"
    finally:
        (home / name).unlink(missing_ok=True)


def test_a_link_that_is_named_is_followed(target: Target, there: Path, here: Path) -> None:
    (there / "real").write_text("x")
    (there / "link").symlink_to(there / "real")

    fetch(target, f"{there}/link", str(here / "copy"))

    assert (here / "copy").read_text() == "x"
    assert not (here / "copy").is_symlink()


@pytest.mark.parametrize(
    ("source", "goal", "expected"),
    [
        ("{there}/none", "{here}", NotFound),
        ("{there}/out", "{here}/none/x", NotFound),
        ("{there}/out", "{here}/none/", NotFound),
        ("{there}/out", "{here}/full", NameTaken),
        ("..", "{here}", UsageError),
        ("/", "{here}", UsageError),
    ],
)
def test_what_cannot_be_fetched_leaves_nothing(
    source: str, goal: str, expected: type[Exception], target: Target, there: Path, here: Path
) -> None:
    (there / "out").mkdir()
    (here / "full" / "out").mkdir(parents=True)
    before = listing(here)

    with pytest.raises(expected):
        fetch(target, source.format(there=there), goal.format(here=here))

    assert listing(here) == before


@pytest.mark.parametrize(
    ("goal", "expected"),
    [("{there}/none/x", NotFound), ("{there}/none/", NotFound), ("{there}/full", NameTaken)],
)
def test_what_cannot_be_sent_leaves_nothing(
    goal: str, expected: type[Exception], target: Target, there: Path, here: Path
) -> None:
    a_tree(here / "data")
    (there / "full" / "data").mkdir(parents=True)
    before = listing(there)

    with pytest.raises(expected):
        send(target, str(here / "data"), goal.format(there=there))

    assert listing(there) == before


def test_a_cancel_leaves_nothing_on_either_side(
    target: Target, there: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "_LAST_WORDS", 0.1)
    (there / "big").write_bytes(b"x" * (32 << 20))

    class Stopping(Log):
        def check(self) -> None:
            if self.bytes:
                raise Cancelled()

    with pytest.raises(Cancelled):
        fetch(target, f"{there}/big", str(here), progress=Stopping())
    assert os.listdir(here) == []

    (here / "big").write_bytes(b"x" * (32 << 20))
    with pytest.raises(Cancelled):
        send(target, str(here / "big"), f"{there}/sent", progress=Stopping())
    assert not (there / "sent").exists()


def test_a_special_file_is_left_out_and_said(target: Target, there: Path, here: Path) -> None:
    (there / "out").mkdir()
    os.mkfifo(there / "out" / "pipe")
    (there / "out" / "away").symlink_to("/etc/passwd")
    progress = Log()

    fetch(target, f"{there}/out", str(here), progress=progress)

    assert os.listdir(here / "out") == []
    assert any("out/pipe" in line for line in progress.said)
    assert any("out/away is a link that leads outside" in line for line in progress.said)


# --- what a container may send ----------------------------------------------------------------

NAMES = st.sampled_from(["a", "a/b", "a/b/c", "../x", "/etc/x", "a/../../x", "b", ".", "a/./b", ""])
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)


def tar_of(members: list[tuple[str, bytes, str]]) -> bytes:
    """A stream with these names, kinds and targets of links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, leads in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, leads
            body = b"evil" if kind == tarfile.REGTYPE else b""
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(NAMES, KINDS, NAMES), max_size=5))
def test_whatever_is_sent_nothing_lies_outside(
    tmp_path: Path, members: list[tuple[str, bytes, str]]
) -> None:
    root = tmp_path / os.urandom(8).hex()
    inside = root / "deep" / "inside"
    inside.mkdir(parents=True)

    try:
        made = unpack(io.BytesIO(tar_of(members)), inside)
        assert made.parent == inside
    except (TransferFailed, TransferHostile):
        pass

    assert os.listdir(root) == ["deep"]
    assert os.listdir(root / "deep") == ["inside"]
    for path in inside.rglob("*"):
        assert path.is_symlink() or not path.is_fifo()
        assert os.path.realpath(path).startswith(str(inside))


@pytest.mark.parametrize(
    "members",
    [
        [("../x", tarfile.REGTYPE, "")],
        [("/x", tarfile.REGTYPE, "")],
        [("a", tarfile.REGTYPE, ""), ("b", tarfile.REGTYPE, "")],
        [("a", tarfile.DIRTYPE, ""), ("a/x", tarfile.LNKTYPE, "../../etc/passwd")],
        [("a/l", tarfile.SYMTYPE, "."), ("a/l/x", tarfile.REGTYPE, "")],
        [("a", tarfile.REGTYPE, ""), ("a/x", tarfile.REGTYPE, "")],
    ],
    ids=["above", "absolute", "two", "hard link", "through a link", "below a file"],
)
def test_a_hostile_stream_is_refused(members: list[tuple[str, bytes, str]], tmp_path: Path) -> None:
    with pytest.raises(TransferHostile):
        unpack(io.BytesIO(tar_of(members)), tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"no tar at all", tar_of([("a", tarfile.REGTYPE, "")])[:514]]
)
def test_a_stream_that_is_none_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(TransferFailed):
        unpack(io.BytesIO(data), tmp_path)


# --- how places are written -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("demo:/cache/x", Place("demo", None, "/cache/x")),
        ("demo:worker-1:/cache/x", Place("demo", "worker-1", "/cache/x")),
        ("demo:worker-1:x", Place("demo", "worker-1", "x")),
        ("demo:a/b:c", Place("demo", None, "a/b:c")),
        ("pod/infer-1:/x", Place("pod/infer-1", None, "/x")),
        ("file.txt", Place(None, None, "file.txt")),
        ("./a:b", Place(None, None, "./a:b")),
        ("/a:b", Place(None, None, "/a:b")),
        (".", Place(None, None, ".")),
    ],
)
def test_a_place_is_in_a_job_or_here(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize("text", ["", ":x", "demo:", "a\0b", "demo:worker-0:"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ModelArtsNbError):
        place_of(text)
