"""A terminal given to a container: what a person sees, and what is left when it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.ssh.places import Places
from tests.unit.shell.screen import Screen
from tests.unit.shell.sshd import Sshd

# Asks for a prompt that is known, in words that are not the prompt: what is typed is shown too.
PLAIN = "PS1='rea''dy> '; PROMPT_COMMAND=; bind 'set enable-bracketed-paste off'\r"
Open = Callable[..., Screen]


@pytest.fixture
def shell(server: Sshd, places: Places, tmp_path: Path) -> Open:
    """Opens a shell in a terminal of 132 by 43."""

    def start(*command: str) -> Screen:
        user, port = server.address.user, str(server.port)
        words = [sys.executable, "-m", "tests.unit.shell.inside", user, port, tmp_path / "gone"]
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        return Screen([*words, *command], env=env)

    return start


def test_a_terminal_there_is_as_the_one_here(shell: Open) -> None:
    with shell() as screen:
        screen.type(PLAIN)
        screen.expect("ready> ")
        # the size, from the beginning and when the window changes
        screen.type("stty size\r")
        screen.expect("43 132\r\n")
        screen.resize(20, 71)
        screen.type("trap : WINCH; until stty size | grep '20 71'; do sleep 0.02; done\r")
        screen.expect("20 71\r\n")
        # Ctrl-C interrupts what runs there, not us
        screen.expect("ready> ")
        screen.type("sh -c 'echo begun; exec sleep 100'\r")
        screen.expect("\r\nbegun")
        screen.type("\x03")
        screen.expect("ready> ")
        # Ctrl-Z stops it there
        screen.type("sh -c 'echo again; exec sleep 100'\r")
        screen.expect("\r\nagain")
        screen.type("\x1a")
        screen.expect("Stopped")
        # wide characters, typed, erased and shown
        screen.type("echo 中文x\x7f😀\r")
        screen.expect("\r\n中文😀\r\n")
        # Ctrl-D at its prompt ends it, with the last exit code
        screen.type("kill -9 %1; wait; echo go''ne; (exit 7)\r")
        screen.expect("\r\ngone\r\n")
        screen.expect("ready> ")
        screen.type("\x04")
        assert screen.end() == 7
        assert screen.modes_now() == screen.modes


def test_the_exit_code_and_a_full_screen_program(shell: Open) -> None:
    program = (
        "tput smcup; tput cup 42 120; printf here; stty raw -echo; dd bs=1 count=1 2>/dev/null; "
        "stty sane; tput rmcup; exit 5"
    )
    with shell(program) as screen:
        screen.expect("\x1b[?1049h")
        screen.expect("\x1b[43;121Hhere")
        screen.type("q")
        screen.expect("\x1b[?1049l")
        assert screen.end() == 5
        assert screen.modes_now() == screen.modes


def test_a_lost_command_says_so_and_leaves_a_sane_terminal(shell: Open, server: Sshd) -> None:
    with shell("tput smcup; tput civis; echo drawn; sleep 100") as screen:
        screen.expect("drawn")
        server.cut()
        # then the screen, the cursor and the modes are back, and there is a message
        screen.expect("\x1b[?25h")
        screen.expect("\x1b[?1049l")
        screen.expect("Error: The connection ended before the command did.")
        assert screen.end() == 255
        assert screen.modes_now() == screen.modes


def test_a_lost_shell_is_opened_anew_and_says_so(shell: Open, server: Sshd) -> None:
    with shell() as screen:
        screen.type(PLAIN + "echo first $((1 + 1))\r")
        screen.expect("first 2")
        server.cut()
        screen.expect("Lost the connection to worker-0.")
        screen.expect("Connected again. This is a new shell")
        screen.type(PLAIN + "stty size; exit 4\r")
        screen.expect("43 132\r\n")
        assert screen.end() == 4
        assert screen.modes_now() == screen.modes


def test_a_job_that_ends_is_told_instead_of_connecting_again(
    shell: Open, server: Sshd, tmp_path: Path
) -> None:
    with shell() as screen:
        screen.type(PLAIN)
        screen.expect("ready> ")
        (tmp_path / "gone").touch()
        server.cut()
        screen.expect("Error: demo is Completed now.")
        assert screen.end() == 255
        assert screen.modes_now() == screen.modes


def test_a_session_can_have_its_time(shell: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECONDS", "1.5")
    with shell() as screen:
        screen.expect("Error: The session was ended after 1.5 s")
        assert screen.end() == 124
        assert screen.modes_now() == screen.modes


def test_a_session_that_hangs_can_be_left(shell: Open) -> None:
    with shell() as screen:
        screen.type(PLAIN)
        screen.expect("ready> ")
        screen.type("sleep 100\r~.")
        screen.expect("Left the session")
        assert screen.end() == 130
        assert screen.modes_now() == screen.modes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_whoever_ends_us_finds_a_sane_terminal(shell: Open, number: signal.Signals) -> None:
    with shell() as screen:
        screen.type(PLAIN)
        screen.expect("ready> ")
        screen.process.send_signal(number)
        assert screen.end() == 130
        assert screen.modes_now() == screen.modes
