"""Other people's programs: heard line by line, and dead when we say so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelarts_nb.envs.engine.program import run_program
from modelarts_nb.errors import Cancelled


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def dies(pid: int) -> bool:
    end = time.monotonic() + 60
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_given_output_then_lines_are_heard_in_order_and_the_code_is_told() -> None:
    heard: list[str] = []
    ended = run_program(["sh", "-c", "echo a; echo b >&2; exit 3"], heard=heard.append)
    assert (ended.code, heard, ended.tail) == (3, ["a", "b"], ("a", "b"))


def test_given_separate_streams_then_errors_are_only_in_the_tail() -> None:
    heard: list[str] = []
    ended = run_program(["sh", "-c", "echo a; echo b >&2"], heard=heard.append, merge=False)
    assert (heard, ended.tail) == (["a"], ("b",))


def test_given_input_then_the_program_reads_it() -> None:
    assert run_program(["cat"], given="one\ntwo\n").tail == ("one", "two")


def test_given_a_program_that_is_not_there_then_it_ends_with_a_code_and_a_reason() -> None:
    ended = run_program(["/nonexistent/program"])
    assert ended.code != 0
    assert any("FileNotFoundError" in line for line in ended.tail)


class Stop:
    """Cancels once the program has said something."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        pass

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        pass

    def log(self, message: str) -> None:
        pass

    def check(self) -> None:
        if self.heard:
            raise Cancelled


def test_given_a_cancel_then_the_program_and_its_children_are_dead() -> None:
    stop = Stop()
    script = "sleep 60 & echo $!; wait"
    with pytest.raises(Cancelled):
        run_program(["sh", "-c", script], heard=stop.heard.append, progress=stop)
    assert dies(int(stop.heard[0]))


def test_given_a_kill_of_ours_then_the_program_dies_with_us() -> None:
    code = (
        "from modelarts_nb.envs.engine.program import run_program\n"
        "run_program(['sh', '-c', 'echo $$; exec sleep 60'], "
        "heard=lambda line: print(line, flush=True))"
    )
    ours = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert ours.stdout
    theirs = int(ours.stdout.readline())
    os.kill(ours.pid, signal.SIGKILL)
    ours.wait()
    ours.stdout.close()
    assert dies(theirs)
