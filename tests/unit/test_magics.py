"""``%ma`` against a stand-in for ``ma`` that speaks NDJSON as the real one does."""

from __future__ import annotations

import ast
import json
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb import magics

SOURCE = Path(magics.__file__)

# What the stand-in does is its first word.
FAKE = r"""
import json, signal, sys, time
say = lambda **event: print(json.dumps(event, ensure_ascii=False), flush=True)
words = sys.argv[1:]
if words[0] == "--complete":
    print("clone\ncreate" if words[-1] == "c" else "env")
elif words[0] == "list":
    rows = [{"name": "<b>mine</b>", "size": 3400000000, "trouble": []}]
    say(type="result", value=rows, text="NAME\nmine")
elif words[0] == "cells":
    rows = [{"name": "<b>mine</b>", "image": {"id": "img-1", "name": "pytorch"}, "why": ""}]
    cells = [["NAME", "IMAGE", "WHY"], ["<b>mine</b>", "pytorch", ""]]
    say(type="result", value=rows, text="NAME\nmine", table=cells)
elif words[0] == "clone":
    say(type="progress", phase="copying",
        done={"files": 5, "bytes": 50}, total={"files": 10, "bytes": 100},
        rate={"files": 1.0, "bytes": 2e6}, seconds_left=14)
    say(type="log", message="registering")
    say(type="result", value={"name": "mine"}, text="mine is on the disk.")
elif words[0] == "fail":
    error = {"code": "not_found", "message": "No such thing.", "hint": "Look.", "cause": "E"}
    say(type="error", error=error)
    sys.exit(4)
elif words[0] == "crash":
    sys.stderr.write("Traceback: boom\n")
    sys.exit(1)
elif words[0] == "help":
    print("Usage: ma")
elif words[0] == "export":
    say(type="result", value="name: mine\n", text="name: mine\n")
elif words[0] == "quiet":
    say(type="result", value=None, text="Removed.")
elif words[0] == "shell":
    script = sys.stdin.read()
    say(type="output", task="worker-0", stream="stdout", text="ran " + script[:3])
    say(type="output", task="worker-1", stream="stderr", text="oh\n")
    say(type="output", task="worker-0", stream="stdout", text=" 中\nrest")
    tasks = [
        {"task": "worker-0", "exit_code": 0, "signal": "", "error": None},
        {"task": "worker-1", "exit_code": 137, "signal": "KILL", "error": None},
        {"task": "worker-2", "exit_code": None, "signal": "", "error": {"message": "No way."}},
    ]
    value = {"exit_code": 255, "tasks": tasks}
    say(type="result", value=value, text="worker-0: exit code 0 ...")
    sys.exit(255)
elif words[0] == "stdin":
    say(type="result", value={"read": sys.stdin.read()}, text="")
elif words[0] in ("unlock", "keep"):
    if "--passphrase-stdin" in words:
        say(type="result", value={"read": sys.stdin.readline()}, text="")
    else:
        code = "passphrase_needed" if words[0] == "unlock" else "new_passphrase_needed"
        say(type="error", error={"code": code, "message": "Nobody to ask.", "hint": "Look."})
        sys.exit(2)
elif words[0] == "args":
    say(type="result", value={"args": words}, text="")
elif words[0] in ("sleep", "stubborn"):
    def stop(*_):
        if words[0] == "sleep":
            error = {"code": "cancelled", "message": "Cancelled; nothing was left.", "hint": ""}
            say(type="error", error=error)
            sys.exit(130)
    signal.signal(signal.SIGINT, stop)
    say(type="progress", phase="copying", done={}, total={}, rate={}, seconds_left=None)
    end = time.time() + 30
    while time.time() < end:
        time.sleep(0.05)
"""


class Seen(magics.Quiet):
    """A bar that remembers."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def progress(self, event: dict[str, Any]) -> None:
        self.said.append(magics.sentence(event))

    def log(self, text: str) -> None:
        self.said.append(text)

    def end(self, text: str) -> None:
        self.said.append(("end", text))


@pytest.fixture
def ma(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    program = tmp_path / "fake_ma.py"
    program.write_text(FAKE)
    command = [sys.executable, str(program)]
    monkeypatch.setattr(magics, "find_ma", lambda: command)
    return command


def test_a_list_of_dicts_is_a_table(ma: list[str]) -> None:
    result = magics.run("list")

    assert result == [{"name": "<b>mine</b>", "size": 3400000000, "trouble": []}]
    markup = result._repr_html_()
    assert "&lt;b&gt;mine&lt;/b&gt;" in markup
    assert "3.4 GB" in markup
    assert "trouble" not in markup


def test_a_table_is_as_the_command_shows_it(ma: list[str]) -> None:
    result = magics.run("cells")

    assert result[0]["image"] == {"id": "img-1", "name": "pytorch"}
    assert result._repr_html_() == (
        "<table><thead><tr><th scope='col'>Name</th><th scope='col'>Image</th></tr></thead>"
        "<tbody><tr><td style='text-align: left'>&lt;b&gt;mine&lt;/b&gt;</td>"
        "<td style='text-align: left'>pytorch</td></tr></tbody></table>"
    )


def test_progress_and_log_reach_the_bar(ma: list[str]) -> None:
    bar = Seen()

    magics.run("clone a b", bar=bar)

    assert bar.said == [
        "copying 50 % · 5 of 10 files · 2.0 MB/s · 14 s left",
        "registering",
        ("end", ""),
    ]


def test_an_error_has_message_hint_and_code(ma: list[str]) -> None:
    with pytest.raises(magics.MaError) as caught:
        magics.run("fail")

    assert (caught.value.code, caught.value.hint) == ("not_found", "Look.")
    assert "Traceback" not in "".join(caught.value._render_traceback_())


def test_a_crash_of_the_command_is_an_error_too(ma: list[str]) -> None:
    with pytest.raises(magics.MaError, match="boom"):
        magics.run("crash")


def test_help_is_printed(ma: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    magics.run("help")

    assert capsys.readouterr().out == "Usage: ma\n"


def test_a_text_is_itself(ma: list[str]) -> None:
    assert magics.run("export") == "name: mine\n"


def test_nothing_to_return_is_said(ma: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert magics.run("quiet") is None
    assert capsys.readouterr().out == "Removed.\n"


def test_a_cell_is_the_commands_input(ma: list[str]) -> None:
    assert magics.run("stdin", "héllo\n")["read"] == "héllo\n"


def test_a_command_may_ignore_the_cell(ma: list[str]) -> None:
    assert magics.run("clone", "x" * 1_000_000)["name"] == "mine"


def test_quotes_group_words(ma: list[str]) -> None:
    assert magics.run("args 'a b' c")["args"] == ["args", "a b", "c", "--progress", "ndjson"]


def typing(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> list[str]:
    """Somebody at the keyboard; returns what they were asked."""
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        answer = answers[len(asked) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)

    monkeypatch.setattr("getpass.getpass", getpass)
    return asked


def test_a_passphrase_is_asked_for_and_not_kept_in_a_cell(
    ma: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typing(monkeypatch, "correct horse")

    assert magics.run("unlock") == {"read": "correct horse\n"}
    assert len(asked) == 1


def test_a_new_passphrase_is_asked_for_twice(
    ma: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typing(monkeypatch, "correct horse", "correct horse")

    assert magics.run("keep mine") == {"read": "correct horse\n"}
    typing(monkeypatch, "correct", "horse")
    with pytest.raises(magics.MaError, match="not the same"):
        magics.run("keep mine")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (EOFError(), "passphrase_needed"),
        (NotImplementedError("no stdin"), "passphrase_needed"),
        (KeyboardInterrupt(), "cancelled"),
    ],
)
def test_where_nobody_types_it_is_the_commands_own_error(
    ma: list[str], monkeypatch: pytest.MonkeyPatch, answer: BaseException, code: str
) -> None:
    typing(monkeypatch, answer)

    with pytest.raises(magics.MaError) as caught:
        magics.run("unlock")

    assert caught.value.code == code


def test_our_options_come_before_two_dashes(ma: list[str]) -> None:
    words = magics.run("args JOB -- ls --progress")["args"]

    assert words == ["args", "JOB", "--progress", "ndjson", "--", "ls", "--progress"]


def test_an_open_quote_is_a_usage_error(ma: list[str]) -> None:
    with pytest.raises(magics.MaError, match="cannot be read"):
        magics.run("args 'a")


def interrupt_when(bar: Seen, count: int = 1) -> threading.Thread:
    """Ctrl-C as soon as there is progress."""

    def work() -> None:
        until = time.monotonic() + 60
        while not bar.said and time.monotonic() < until:
            time.sleep(0.02)
        for _ in range(count):
            # To this thread and no other, or what it waits for might not end.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.5)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_an_interrupt_cancels_the_command(ma: list[str]) -> None:
    bar = Seen()
    thread = interrupt_when(bar)

    with pytest.raises(magics.MaError, match="nothing was left") as caught:
        magics.run("sleep", bar=bar)

    thread.join()
    assert caught.value.code == "cancelled"


def test_a_second_interrupt_kills_it(ma: list[str]) -> None:
    bar = Seen()
    thread = interrupt_when(bar, count=2)
    began = time.monotonic()

    with pytest.raises(magics.MaError, match="Cancelled"):
        magics.run("stubborn", bar=bar)

    thread.join()
    assert time.monotonic() - began < 10


def test_a_command_that_does_not_stop_is_killed(
    ma: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(magics, "CANCEL_SECONDS", 0.3)
    bar = Seen()
    thread = interrupt_when(bar)

    with pytest.raises(magics.MaError, match="Cancelled"):
        magics.run("stubborn", bar=bar)

    thread.join()


@pytest.mark.parametrize(
    ("line", "expected"), [("%ma env c", ["clone", "create"]), ("%ma ", ["env"]), ("%ma", ["env"])]
)
def test_completion_asks_the_command(ma: list[str], line: str, expected: list[str]) -> None:
    assert magics.complete(SimpleNamespace(text_until_cursor=line)) == expected


def test_completion_without_a_command_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(magics, "find_ma", lambda: ["/nowhere/ma"])

    assert magics.complete(SimpleNamespace(text_until_cursor="%ma env ")) == []


def test_the_tool_is_found_through_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / ".local/share/modelarts_nb/tool.json"
    about.parent.mkdir(parents=True)
    about.write_text(json.dumps({"python": "/disk/tool/bin/python"}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))

    assert magics.find_ma() == ["/disk/tool/bin/python", "-I", "-m", "modelarts_nb.cli"]


def test_the_kernels_own_ma_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "ma"
    own.write_text("")
    own.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert magics.find_ma() == [str(own)]


def test_without_any_ma_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))

    with pytest.raises(magics.MaError) as caught:
        magics.find_ma()

    assert "hook install" in caught.value.hint


def test_a_tool_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(magics, "find_ma", lambda: ["/nowhere/ma"])

    with pytest.raises(magics.MaError, match="cannot be started"):
        magics.run("list")


def test_the_language_level_is_3_7() -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 7))


def test_it_imports_only_the_standard_library() -> None:
    tree = ast.parse(SOURCE.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

    assert {n.split(".")[0] for n in names} - {"IPython"} <= sys.stdlib_module_names


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
        max_leaves=8,
    )
)
def test_whatever_the_command_returns_can_be_shown(value: Any) -> None:
    shown = magics.as_shown(value, "")

    if isinstance(shown, magics.Table):
        assert shown._repr_html_().endswith("</table>")
    assert shown == value or not value


@given(
    st.dictionaries(st.sampled_from(["phase", "done", "total", "rate", "seconds_left"]), st.none())
)
def test_a_poor_progress_event_is_still_a_sentence(event: dict[str, Any]) -> None:
    assert isinstance(magics.sentence(event), str)


def test_in_a_shell_lines_of_a_cell_are_commands(ma: list[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    magics.load(shell)

    result = shell.run_cell_magic("ma", "", "# a comment\nlist\n\nclone a b\n")

    assert result == {"name": "mine"}


def test_in_a_shell_variables_are_filled_in(ma: list[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    magics.load(shell)
    shell.run_cell("name = 'mine'\nr = %ma args {name} $name", silent=True)

    assert shell.user_ns["r"]["args"][:3] == ["args", "mine", "mine"]


def test_a_cell_that_runs_in_a_job_streams_and_gives_a_result(
    ma: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = magics.run("shell demo", "ls\n")

    said = capsys.readouterr()
    assert (said.out, said.err) == ("ran ls\n 中\nrest", "oh\n")
    assert (result.exit_code, bool(result), len(result)) == (255, False, 3)
    assert result["worker-0"].stdout == result.stdout == "ran ls\n 中\nrest"
    assert (result[1].exit_code, result[1].signal, result[1].stderr) == (137, "KILL", "oh\n")
    assert (result["worker-2"].exit_code, result["worker-2"].error) == (None, "No way.")
    with pytest.raises(KeyError):
        result["worker-9"]


def test_several_tasks_are_told_apart_line_by_line(
    ma: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = magics.run("shell demo --all-tasks", "ls\n")

    said = capsys.readouterr()
    assert said.out == "worker-0 | ran ls\nworker-0 |  中\nworker-0 | rest\n"
    assert said.err == "worker-1 | oh\n"
    lines = [repr(one) for one in result]
    assert lines == [
        "worker-0: exit code 0",
        "worker-1: exit code 137 (SIGKILL)",
        "worker-2: No way.",
    ]


def test_what_is_kept_of_output_has_an_end(
    ma: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(magics, "KEPT_OUTPUT", 4)

    result = magics.run("shell demo", "ls\n")

    assert result.stdout == "ran "
    assert capsys.readouterr().out.endswith("rest")
