"""A command in several tasks at once, in OpenSSH's own server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.shell import fanout, running
from modelarts_nb.shell.errors import TimedOut, Unreachable
from modelarts_nb.shell.session import Exit, Stream
from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
from modelarts_nb.shell.target import Target
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places
from tests.unit.shell.sshd import Sshd

Tasks = Callable[[int], list[Target]]
# What tells the tasks apart, as they share a machine here: who comes first makes the folder.
FIRST = "mkdir {folder} 2>/dev/null"


@pytest.fixture
def tasks(server: Sshd, places: Places) -> Tasks:
    """So many tasks of a job."""
    return lambda count: [at(server.address, places, f"worker-{n}") for n in range(count)]


def at(address: Address, places: Places, task: str) -> Target:
    place = SshPlace("job-1", task, address)
    return Target("job-1", "demo", task, "ssh", lambda: SshTransport(place, places), lambda: None)


class Heard:
    """Keeps the output."""

    def __init__(self) -> None:
        self.said: dict[tuple[int, str], bytes] = {}

    async def out(self, number: int, stream: Stream, data: bytes) -> None:
        self.said[number, stream] = self.said.get((number, stream), b"") + data


def test_every_task_runs_it_and_is_told_apart(tasks: Tasks) -> None:
    heard = Heard()

    done = running.run(tasks(3), "echo out; echo err >&2", out=heard.out)

    assert done.exit_code == 0
    assert [(task.task, task.exit_code) for task in done.tasks] == [
        ("worker-0", 0),
        ("worker-1", 0),
        ("worker-2", 0),
    ]
    streams = ("stdout", "stderr")
    assert set(heard.said) == {(number, stream) for number in range(3) for stream in streams}
    assert set(heard.said.values()) == {b"out\n", b"err\n"}


def test_in_a_cell_of_a_notebook_where_a_loop_runs_already(tasks: Tasks) -> None:
    heard = Heard()

    async def cell() -> int:
        return running.run(tasks(1), "echo $((6 * 7)); exit 3", out=heard.out).exit_code

    assert asyncio.run(cell()) == 3
    assert heard.said[0, "stdout"] == b"42\n"


def test_the_interrupt_of_a_cell_ends_the_command(tasks: Tasks, tmp_path: Path) -> None:
    async def interrupt(number: int, stream: Stream, data: bytes) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    line = f"echo $$ > {tmp_path}/pid; while echo tick; do sleep 0.05; done"

    async def cell() -> None:
        with pytest.raises(Cancelled):
            running.run(tasks(1), line, out=interrupt)

    loop = asyncio.new_event_loop()  # as a kernel's: an interrupt is a KeyboardInterrupt
    loop.run_until_complete(cell())
    loop.close()

    assert gone(int((tmp_path / "pid").read_text()))


def test_the_highest_exit_code_is_ours(tasks: Tasks, tmp_path: Path) -> None:
    line = f"{FIRST.format(folder=tmp_path / 'one')} && exit 3; exit 0"

    done = running.run(tasks(3), line)

    assert done.exit_code == 3
    assert sorted(task.exit_code or 0 for task in done.tasks) == [0, 0, 3]


def test_a_task_that_cannot_be_reached_does_not_keep_the_others_from_it(
    tasks: Tasks, places: Places
) -> None:
    lost = at(Address("ma-user", "127.0.0.1", 1), places, "worker-1")

    done = running.run([*tasks(1), lost], "true")

    assert done.tasks[0].exit_code == 0
    assert (done.tasks[1].error or {})["code"] == Unreachable.code
    assert done.exit_code == Unreachable.exit_code


def test_alone_it_is_an_error(places: Places) -> None:
    with pytest.raises(Unreachable):
        running.run([at(Address("ma-user", "127.0.0.1", 1), places, "worker-0")], "true")


def test_fail_fast_ends_the_others(
    tasks: Tasks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenSSH sends no signals to what runs as root.
    monkeypatch.setattr(fanout, "_LAST_WORDS", 0.1)
    line = f"{FIRST.format(folder=tmp_path / 'one')} && exit 5; exec sleep 20"

    done = running.run(tasks(3), line, fail_fast=True)

    assert done.exit_code == 5
    assert sorted((task.error or {}).get("code", "") for task in done.tasks) == [
        "",
        Cancelled.code,
        Cancelled.code,
    ]


def test_a_command_that_takes_too_long_is_ended_there_too(
    container: Address, places: Places, tmp_path: Path
) -> None:
    line = f"echo $$ > {tmp_path}/pid; exec sleep 20"

    silent, _ = pipe = os.pipe()
    try:
        with pytest.raises(TimedOut) as late:
            running.run([at(container, places, "worker-0")], line, stdin=silent, timeout=1)
    finally:
        for end in pipe:
            os.close(end)

    assert late.value.exit_code == 124
    assert gone(int((tmp_path / "pid").read_text()))


def gone(pid: int) -> bool:
    """Has this process ended, or does it soon?"""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_all_get_all_of_the_input(tasks: Tasks) -> None:
    heard = Heard()

    running.run(tasks(3), "wc -c", out=heard.out, stdin=b"x" * 700_000)

    assert {int(said) for said in heard.said.values()} == {700_000}


def test_who_ends_early_does_not_hold_the_others_input_up(tasks: Tasks, tmp_path: Path) -> None:
    heard = Heard()
    line = f"{FIRST.format(folder=tmp_path / 'one')} && exit 0; wc -c"

    running.run(tasks(3), line, out=heard.out, stdin=b"x" * 9_000_000)

    assert {int(said) for said in heard.said.values()} == {9_000_000}


def test_input_from_a_descriptor_and_from_a_file(tasks: Tasks, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"from a file")
    heard = Heard()

    with (tmp_path / "input").open() as file:
        running.run(tasks(1), "cat", out=heard.out, stdin=file.fileno())

    assert heard.said == {(0, "stdout"): b"from a file"}


class Seen:
    """Remembers what a watch is told."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def opened(self, target: Target, command: str | None) -> object:
        self.events.append(("opened", target.task, command))
        return target.task

    def ended(self, token: object, exit: Exit | None, error: ModelArtsNbError | None) -> None:
        self.events.append(("ended", token, exit, error and error.code))


def test_every_session_is_watched_from_its_beginning_to_its_end(
    tasks: Tasks, places: Places
) -> None:
    seen = Seen()

    running.run(tasks(1), "exit 2", watch=seen)
    with pytest.raises(Unreachable):
        running.run([at(Address("u", "127.0.0.1", 1), places, "worker-9")], "id", watch=seen)

    assert seen.events == [
        ("opened", "worker-0", "exit 2"),
        ("ended", "worker-0", Exit(2), None),
        ("opened", "worker-9", "id"),
        ("ended", "worker-9", None, "shell_unreachable"),
    ]


# --- on our own stdout and stderr -------------------------------------------------------------


@pytest.fixture
def program(server: Sshd, places: Places) -> list[str]:
    """A process that runs a command in so many tasks: COUNT LINE."""
    return started(server.address)


def started(address: Address) -> list[str]:
    return [sys.executable, "-m", "tests.unit.shell.outside", address.user, str(address.port)]


def test_lines_carry_their_tasks_name_and_never_mix(program: list[str]) -> None:
    line = "for i in 1 2 3; do printf 'line %s ' $i; echo end; done; printf last; echo err >&2"

    done = subprocess.run([*program, "2", line], capture_output=True, timeout=60, check=True)

    lines = sorted(done.stdout.decode().splitlines())
    assert lines == [
        f"worker-{n} | {text}"
        for n in range(2)
        for text in ("last", "line 1 end", "line 2 end", "line 3 end")
    ]
    assert sorted(done.stderr.decode().splitlines()) == ["worker-0 | err", "worker-1 | err"]


def test_one_task_speaks_for_itself_in_any_bytes(program: list[str]) -> None:
    line = "printf '\\377\\000no end'; exit 9"

    done = subprocess.run([*program, "1", line], capture_output=True, timeout=60)

    assert (done.stdout, done.returncode) == (b"\xff\x00no end", 9)


def test_an_interrupt_reaches_the_command(container: Address, places: Places) -> None:
    line = "trap 'echo heard; exit 4' INT; echo begun; while :; do sleep 0.05; done"
    command = [*started(container), "1", line]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"

        process.send_signal(signal.SIGINT)

        assert process.stdout.read() == b"heard\n"
        assert process.wait(60) == 4


def test_a_reader_that_goes_ends_the_command(program: list[str], tmp_path: Path) -> None:
    line = f"echo $$ > {tmp_path}/pid; exec yes"

    done = subprocess.run(
        f"{' '.join(program)} 1 '{line}' | head -1",
        shell=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.stdout == "y\n"
    assert gone(int((tmp_path / "pid").read_text()))
