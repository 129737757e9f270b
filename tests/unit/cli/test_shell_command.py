"""`ma shell`: what is said before anybody is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma

POD = ("shell", "pod/infer-1", "--endpoint", "http://127.0.0.1:1")


def run(*args: str, stdin: str = "") -> Result:
    return CliRunner().invoke(ma, list(args), input=stdin)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("shell", "x", "--task", "worker-1", "--all-tasks", "--", "ls"), "exclude each other"),
        (("shell", "x", "--process-env", "--", "ls"), "--process-env=apply"),
        (("shell", "x", "--process-env=maybe", "--", "ls"), "process-env"),
        (("shell", "x", "--", " "), "The command is empty"),
        (("shell", "pod/infer-1", "--transport", "ssh", "--", "ls"), "reached by exec"),
        (("shell", "pod/Bad_Name", *POD[2:], "--", "ls"), "cannot be the name of a pod"),
        ((*POD, "--", "ls"), "MODELARTS_NB_SHELL_TOKEN"),
        (
            ("shell", "pod/x", "--endpoint", "http://10.0.0.1", "--", "ls"),
            "MODELARTS_NB_SHELL_TOKEN",
        ),
        (("shell", "x", "--timeout", "0", "--", "ls"), "timeout"),
        (("shell", "cp", "here", "there"), "One of the two must be in a job"),
        (("shell", "cp", "a:b", "c:d"), "One of the two must be in a job"),
        (("shell", "cp", "a:b"), "Missing argument"),
        (("shell",), "Missing argument"),
    ],
)
def test_wrong_usage_is_said_before_anybody_is_asked(
    args: tuple[str, ...], says: str, no_cloud: Path
) -> None:
    result = run(*args)

    assert result.exit_code == 2, result.output
    assert says in " ".join(result.stderr.split())


def test_a_token_comes_from_the_environment_and_is_never_shown(
    no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_SHELL_TOKEN", "very-secret")

    result = run(*POD, "--json", "--", "ls")

    assert result.exit_code == 9
    assert json.loads(result.stdout)["error"]["code"] == "shell_unreachable"
    assert "very-secret" not in result.output
    assert "very-secret" not in (no_cloud / ".local/state/modelarts_nb/shell.ndjson").read_text()


def test_without_keys_for_the_cloud_it_says_so(no_cloud: Path) -> None:
    result = run("shell", "demo", "--", "ls")

    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert result.stderr.startswith("Error: ")


def test_an_empty_script_is_nothing_to_run(no_cloud: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELARTS_NB_SHELL_TOKEN", "t")

    result = run(*POD, stdin="\n")

    assert result.exit_code == 2
    assert "nothing to run" in result.stderr


def test_cp_is_beside_it_and_explains_itself() -> None:
    result = run("shell", "cp", "--help")

    assert result.exit_code == 0
    assert "Usage: ma shell cp [OPTIONS] SRC DST" in result.output


def test_options_and_tasks_are_completed() -> None:
    assert "--process-env" in candidates(["shell", "--pro"])
    assert candidates(["shell", "--task", "w"]) == ["worker-0"]
