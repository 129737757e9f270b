"""The small parts: lines with names, the way out, what waits to be read, lines of shell."""

from __future__ import annotations

import asyncio
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.errors import UsageError
from modelarts_nb.shell import processenv
from modelarts_nb.shell.commands import SCRIPT_LIMIT, line_of, script_line
from modelarts_nb.shell.descriptors import Sink
from modelarts_nb.shell.errors import ConnectionLost, ShellRefused
from modelarts_nb.shell.escape import Escape
from modelarts_nb.shell.inbox import HIGH, Inbox
from modelarts_nb.shell.lines import Prefixed
from modelarts_nb.shell.session import Chunk, Exit

# --- lines with names -------------------------------------------------------------------------


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_however_output_is_cut_its_lines_are_the_same(data: bytes, cuts: list[int]) -> None:
    lines = Prefixed("worker-0", 8, 0, colour=False, overwrite=False)
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]

    out = b"".join(lines.feed(data[a:b]) for a, b in pairwise(at)) + lines.flush()

    whole = data.split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert out == b"".join(b"worker-0 | " + line + b"\n" for line in expected)


def test_names_are_as_wide_as_each_other_and_coloured_apart() -> None:
    first = Prefixed("worker-1", 9, 1, colour=True, overwrite=True).feed(b"x\n")
    second = Prefixed("worker-10", 9, 10, colour=True, overwrite=True).feed(b"x\n")

    assert first == b"\x1b[33mworker-1  |\x1b[0m x\n"
    assert second.startswith(b"\x1b[34mworker-10 |")


def test_of_what_a_progress_bar_draws_over_only_the_last_is_shown() -> None:
    lines = Prefixed("w", 1, 0, colour=False, overwrite=True)

    assert lines.feed(b"10 %\r50 %\r100 %\r\nnext\r\n") == b"w | 100 %\nw | next\n"


def test_a_line_without_end_does_not_grow_for_ever() -> None:
    lines = Prefixed("w", 1, 0, colour=False, overwrite=False)

    shown = sum(len(lines.feed(b"x" * 50_000)) for _ in range(10))

    assert shown > 400_000


# --- the way out ------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([b"a", b"~", b"\r", b".b", b"\xe4\xb8\xad"]), max_size=20))
def test_what_is_typed_arrives_however_it_is_cut(keys: list[bytes]) -> None:
    apart, together = Escape(), Escape()
    sent, left = b"", False
    for key in keys:
        out, left = apart.filter(key)
        sent += out
        if left:
            break

    assert together.filter(b"".join(keys)) == (sent, left)


@pytest.mark.parametrize(
    ("typed", "sent", "left"),
    [
        (b"ls ~.\r", b"ls ~.\r", False),
        (b"ls\r~.", b"ls\r", True),
        (b"~.", b"", True),
        (b"~~.", b"~.", False),
        (b"~/x\r", b"~/x\r", False),
        (b"a\r~", b"a\r", False),
    ],
)
def test_a_tilde_and_a_dot_leave_only_at_the_beginning_of_a_line(
    typed: bytes, sent: bytes, left: bool
) -> None:
    assert Escape().filter(typed) == (sent, left)


# --- what waits to be read --------------------------------------------------------------------


def test_a_sender_is_held_up_and_let_go() -> None:
    async def work() -> tuple[list[str], bytes, list[Chunk]]:
        told: list[str] = []
        inbox = Inbox(lambda: told.append("hold"), lambda: told.append("release"))
        for _ in range(5):
            inbox.put("stdout", b"x" * (HIGH // 4))
        inbox.put("stderr", b"e")
        inbox.end()
        taken = []
        while (chunk := await inbox.take()) is not None:
            taken.append(chunk)
        return told, b"".join(c.data for c in taken if c.stream == "stdout"), taken

    told, out, taken = asyncio.run(work())

    assert told == ["hold", "release"]
    assert len(out) == 5 * (HIGH // 4)
    assert taken[-1] == Chunk("stderr", b"e")


def test_what_a_transport_kept_back_is_taken_at_once_and_only_then_held_up_again() -> None:
    async def work() -> tuple[list[str], int]:
        told: list[str] = []
        kept_back = [b"x" * HIGH] * 3

        def release() -> None:
            told.append("release")
            while kept_back:
                inbox.put("stdout", kept_back.pop())
            told.append("kept back no more")

        inbox = Inbox(lambda: told.append("hold"), release)
        inbox.put("stdout", b"x" * (HIGH + 1))
        size = len((await inbox.take() or Chunk("stdout", b"")).data)
        return told, size

    told, size = asyncio.run(work())

    assert told == ["hold", "release", "kept back no more", "hold"]
    assert size == HIGH + 1


def test_an_error_comes_after_what_was_said() -> None:
    async def work() -> Chunk | None:
        inbox = Inbox(lambda: None, lambda: None)
        inbox.put("stdout", b"last words")
        inbox.end(ConnectionLost("cut"))
        chunk = await inbox.take()
        with pytest.raises(ConnectionLost):
            await inbox.take()
        return chunk

    assert asyncio.run(work()) == Chunk("stdout", b"last words")


@pytest.mark.parametrize("kind", ["pipe", "socket", "file"])
def test_a_sink_writes_all_and_leaves_the_descriptor_as_it_was(kind: str, tmp_path: Path) -> None:
    import socket
    import threading

    data = os.urandom(1 << 20)
    if kind == "pipe":
        read, write = os.pipe()
    elif kind == "socket":
        pair = socket.socketpair()
        read, write = (end.detach() for end in pair)
    else:
        write = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
        read = os.open(tmp_path / "out", os.O_RDONLY)
    got = bytearray()

    def drain() -> None:
        while piece := os.read(read, 1 << 16):
            got.extend(piece)

    async def work() -> None:
        sink = Sink(write)
        await sink.write(data)
        sink.close()

    reader = threading.Thread(target=drain)
    if kind != "file":
        reader.start()
    asyncio.run(work())
    assert os.get_blocking(write)
    os.close(write)
    if kind == "file":
        reader.start()
    reader.join()
    os.close(read)
    assert bytes(got) == data


def test_a_signal_is_a_code_as_shells_have_it() -> None:
    assert Exit.by_signal("TERM") == Exit(143, "TERM")
    assert Exit.by_signal("NOSUCH") == Exit(255, "NOSUCH")


# --- lines of shell ---------------------------------------------------------------------------


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2)
)
def test_several_words_arrive_as_they_are(words: list[str]) -> None:
    line = line_of(["printf", "%s\\0", *words])
    assert line is not None
    said = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True).stdout
    assert said == b"".join(word.encode() + b"\0" for word in words)


def test_one_word_is_a_line_and_none_is_a_shell() -> None:
    assert line_of(["cd /cache && ls"]) == "cd /cache && ls"
    assert line_of([]) is None
    for words in (["  "], ["a\0b"]):
        with pytest.raises(UsageError):
            line_of(words)


def test_a_script_keeps_its_last_lines_and_eats_no_input() -> None:
    script = "cat; echo one\necho 中文 >&2; exit 6\n\n".encode()

    done = subprocess.run(["/bin/sh", "-c", script_line(script)], input=script, capture_output=True)

    assert (done.stdout, done.stderr.decode(), done.returncode) == (b"one\n", "中文\n", 6)


@pytest.mark.parametrize("script", [b"", b" \n", b"x" * (SCRIPT_LIMIT + 1), b"a\0b"])
def test_a_script_that_cannot_be_run_is_refused(script: bytes) -> None:
    with pytest.raises(UsageError):
        script_line(script)


# --- the training process's environment -------------------------------------------------------


@pytest.fixture
def training(tmp_path: Path) -> object:
    """A process with the platform's variables, and values that are hard to carry."""
    env = {
        "HOME": str(tmp_path),
        "HOSTNAME": "pod-0",
        "PATH": os.environ["PATH"],
        "MA_TASK_NAME": "worker",
        "RANK": "3",
        "HARD": "two\nlines $HOME `id` 'q' \\ \"x\"\n",
        "BASH_FUNC_f%%": "() { :; }",
    }
    with subprocess.Popen(["sleep", "60"], env=env) as process:
        yield process
        process.kill()


def there(line: str, home: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line as a session in the container would."""
    env = {"HOME": str(home), "HOSTNAME": "pod-0", "PATH": os.environ["PATH"]}
    return subprocess.run(["/bin/sh", "-c", line], env=env, capture_output=True)


def test_the_training_process_is_found_and_its_environment_shown(
    training: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    done = there(processenv.SHOW, tmp_path)

    found = processenv.read("worker-0", done.stdout, done.returncode)
    assert found.pid == training.pid
    assert found.variables["HARD"] == "two\nlines $HOME `id` 'q' \\ \"x\"\n"
    assert done.stderr == b""


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_its_environment_is_applied_to_the_last_character(
    shell: str, training: object, tmp_path: Path
) -> None:
    line = processenv.applied('printf "%s|%s" "$RANK" "$HARD"; env | grep -c "^ma_"; exit 4')
    env = {"HOME": str(tmp_path), "HOSTNAME": "pod-0", "PATH": os.environ["PATH"]}

    done = subprocess.run([shell, "-c", line], env=env, capture_output=True)

    expected = "3|two\nlines $HOME `id` 'q' \\ \"x\"\n0\n"
    assert (done.stdout.decode(), done.stderr, done.returncode) == (expected, b"", 4)


def test_without_a_training_process_it_says_so(tmp_path: Path) -> None:
    done = there(processenv.SHOW, tmp_path / "another")

    assert done.returncode == processenv.NONE_FOUND
    with pytest.raises(ShellRefused):
        processenv.read("worker-0", done.stdout, done.returncode)
