"""`ma job`, as a person meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.cli import show_jobs
from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma
from modelarts_nb.jobs import Line, logs
from modelarts_nb.operations import journal as journals
from tests.unit.cloud.wire import Wire
from tests.unit.jobs.fake import ID, Service, job


def run(*args: str, **more: Any) -> Result:
    return CliRunner().invoke(ma, ["job", *args], **more)


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Service:
    """One job that runs."""
    monkeypatch.setattr(logs, "_FIRST", 0.0)
    monkeypatch.setattr(logs, "_LONGEST", 0.0)
    found = Service()
    wire.script = found
    return found


def test_a_list_has_names_phases_and_places(service: Service) -> None:
    result = run("list")

    assert result.exit_code == 0, result.output
    for word in ("mine", "Running", "1 min 05 s", "demo-pool", "ada", ID):
        assert word in result.stdout


def test_an_empty_list_teaches_what_to_do(service: Service) -> None:
    service.jobs = []

    assert "ma job submit" in run("list").stdout


def test_a_full_page_says_how_to_see_the_next(service: Service) -> None:
    service.jobs = [job(f"j{k}", f"00000000-0000-0000-0000-{k:012}") for k in range(5)]

    first, last = run("list", "--limit", "3"), run("list", "--limit", "3", "--offset", "3")

    assert "--offset 3" in first.stderr
    assert ("j2" in first.stdout, "j3" in first.stdout) == (True, False)
    assert last.stderr == ""
    assert ("j2" in last.stdout, "j4" in last.stdout) == (False, True)


def test_a_list_as_json_is_whole(service: Service) -> None:
    (found,) = json.loads(run("list", "--json").stdout)

    assert (found["id"], found["pool"]["name"]) == (ID, "demo-pool")


def test_one_job_is_shown_with_its_tasks(service: Service) -> None:
    urls = [{"task": "worker-1", "url": "ssh://ma-user@h:22"}]
    ends = [{"task": "worker-0", "exit_code": 7}]
    service.jobs = [
        job(
            status={"task_statuses": ends},
            endpoints={"ssh": {"key_pair_names": ["laptop"], "task_urls": urls}},
        )
    ]

    shown = run("show", "mine").stdout

    assert "worker-0  exit code 7" in shown
    assert "worker-1  ssh://ma-user@h:22" in shown
    assert "laptop" in shown


def test_lines_come_as_they_are_and_of_several_tasks_with_their_names(service: Service) -> None:
    service.lines = {"worker-0": ["a [x] b", "c"], "worker-1": ["d"]}

    assert run("logs", "mine").stdout == "a [x] b\nc\n"
    shown = run("logs", "mine", "--all-tasks").stdout
    assert shown == "worker-0 | a [x] b\nworker-0 | c\nworker-1 | d\n"
    assert run("logs", "mine", "--task", "worker-1", "--lines", "1").stdout == "d\n"


def test_a_job_that_has_said_nothing_prints_nothing(service: Service) -> None:
    result = run("logs", "mine")

    assert result.stdout == ""
    assert "nothing yet" in result.stderr


def test_following_ends_with_the_job(service: Service) -> None:
    service.lines = {"worker-0": ["a"], "worker-1": ["b"]}
    service.jobs = [job(phase="Completed")]

    result = run("logs", "mine", "--all-tasks", "-f", "--progress", "none")

    assert result.exit_code == 0, result.output
    assert result.stdout == "worker-0 | a\nworker-1 | b\n"
    found = [json.loads(line) for line in run("logs", "mine", "-f", "--json").stdout.splitlines()]
    assert found == [{"task": "worker-0", "text": "a"}]


def test_control_c_ends_following_without_a_word(service: Service, wire: Wire) -> None:
    # given `ma job logs -f` in a process of its own, which has printed what there is
    service.lines["worker-0"] = ["printed"]
    process = subprocess.Popen(
        [sys.executable, "-m", "modelarts_nb.cli", "job", "logs", "mine", "-f"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "printed\n"

    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("", "", 130)


def test_colours_are_by_task_and_only_where_they_are_wanted() -> None:
    lines = [Line("worker-0", "a"), Line("worker-1", "b")]

    painted = [show_jobs.Marks(["worker-0", "worker-1"], colours=True).line(x) for x in lines]
    plain = [show_jobs.Marks(["worker-0", "worker-1"], colours=False).line(x) for x in lines]

    assert len({text.split("m")[0] for text in painted}) == 2
    assert plain == ["worker-0 | a", "worker-1 | b"]
    assert show_jobs.Marks(["worker-0"], colours=True).line(lines[0]) == "a"


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert show_jobs.coloured(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not show_jobs.coloured(Terminal())


def test_events_are_a_table(service: Service) -> None:
    service.events = [
        {"time": "2026-01-01T12:00:00Z", "level": "Error", "message": "no [red]image[/]"}
    ]

    shown = run("events", "mine").stdout

    assert "2026-01-01 12:00:00" in shown
    assert "no [red]image[/]" in shown


def test_metrics_are_numbers_and_bars(service: Service) -> None:
    service.metrics = {"worker-0": [{"metric": "cpuUsage", "value": [0, 50, 100]}]}

    shown = run("metrics", "mine").stdout

    for word in ("worker-0", "cpuUsage", "100.0 %", "50.0 %", "▁▅█"):
        assert word in shown


@given(values=st.lists(st.floats(0, 100), max_size=200), width=st.integers(1, 50))
def test_bars_fit_and_rise_with_the_values(values: list[float], width: int) -> None:
    shown = show_jobs.sparkline(values, width)

    assert len(shown) == min(width, len(values))
    if len(values) <= width and values and max(values) > 0:
        assert shown[values.index(max(values))] == "█"
        order = sorted(range(len(values)), key=lambda k: values[k])
        assert [shown[k] for k in order] == sorted(shown)


def test_a_job_is_submitted_from_options(service: Service) -> None:
    result = run(
        "submit", "--name", "new", "--image", "team/torch:2", "--command", "python train.py",
        "--flavor", "cpu", "--nodes", "2", "--param", "a=b=c", "--env", "MODE=x",
        "--input", "data=obs://bucket/data/", "--hours", "3", "--no-ssh",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    (sent,) = service.created
    assert sent["algorithm"]["parameters"] == [{"name": "a", "value": "b=c"}]
    assert sent["algorithm"]["environments"] == {"MODE": "x"}
    assert sent["spec"]["resource"] == {"flavor_id": "cpu", "node_count": 2}
    (journal,) = journals.every()
    assert (journal.read().verb, journal.read().state) == ("job.submit", "done")


def test_a_dry_run_prints_the_request(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("{name: new, image: 'a/b:1', command: x, flavor: cpu}\n")

    result = run("submit", str(file), "--name", "other", "--dry-run", "--no-ssh")

    assert json.loads(result.stdout)["metadata"]["name"] == "other"
    assert service.created == []


@pytest.mark.parametrize(
    "args",
    [
        ["submit", "absent.yaml"],
        ["submit", "--name", "x"],
        ["submit", "--name", "x", "--param", "novalue"],
        ["list", "--phase", "Sleeping"],
        ["show", "absent"],
        ["logs", "mine", "--task", "worker-0", "--all-tasks"],
        ["logs", "mine", "--task", "worker-9", "-f"],
        ["metrics", "mine", "--task", "x"],
    ],
)
def test_bad_input_gets_a_message_and_no_traceback(service: Service, args: list[str]) -> None:
    result = run(*args, "--progress", "none") if args[0] != "logs" else run(*args)

    assert result.exit_code in (2, 4), result.output
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


def test_stopping_says_how_it_ended(service: Service) -> None:
    service.phases = ["Running", "Terminated"]

    result = run("stop", "mine")

    assert result.exit_code == 0, result.output
    assert "Terminated" in result.stdout


def test_names_and_tasks_are_completed(service: Service) -> None:
    assert candidates(["job", "show", "m"]) == ["mine"]
    assert candidates(["job", "logs", "mine", "--task", "worker-"]) == ["worker-0", "worker-1"]
    assert candidates(["job", "list", "--pool", "d"]) == ["demo-pool"]
    assert candidates(["job", "list", "--phase", "term"]) == ["Terminating", "Terminated"]


def test_the_help_has_examples() -> None:
    assert "ma job logs mine --all-tasks -f" in run("logs", "--help").stdout
