"""Who opened which shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.operations import audit
from modelarts_nb.operations.audit import Audit, list_sessions
from modelarts_nb.shell.errors import ConnectionLost
from modelarts_nb.shell.session import Exit, Transport
from modelarts_nb.shell.target import Target


def no_transport() -> Transport:
    raise AssertionError("nobody connects here")


TARGET = Target("job-1", "demo", "worker-0", "ssh", no_transport, lambda: None)


def kept(disk: Disk) -> list[dict[str, object]]:
    """What is on the persistent disk."""
    return [json.loads(line) for line in (disk.own / "shell.ndjson").read_text().splitlines()]


def test_a_session_that_ended_is_on_the_disk_with_everything_about_it(disk: Disk) -> None:
    watch = Audit()

    watch.ended(watch.opened(TARGET, "ls"), Exit(3), None)

    [line] = kept(disk)
    assert {key: line[key] for key in line if key not in ("id", "started", "ended")} == {
        "who": "tester",
        "job": "job-1",
        "job_name": "demo",
        "task": "worker-0",
        "transport": "ssh",
        "command": "ls",
        "exit_code": 3,
        "error": "",
    }
    assert str(line["started"]) <= str(line["ended"])


def test_a_session_that_was_cut_says_why(disk: Disk) -> None:
    watch = Audit()

    watch.ended(watch.opened(TARGET, None), None, ConnectionLost("cut"))

    [session] = list_sessions()
    assert (session.command, session.exit_code, session.error) == (None, None, "connection_lost")


def test_a_session_that_was_killed_is_known_by_its_beginning(disk: Disk) -> None:
    Audit().opened(TARGET, "sleep 100")

    [session] = list_sessions()
    assert (session.command, session.ended) == ("sleep 100", None)


def test_without_a_persistent_disk_it_is_written_all_the_same(home: Path) -> None:
    watch = Audit()

    watch.ended(watch.opened(TARGET, "ls"), Exit(0), None)

    [session] = list_sessions()
    assert session.who != ""


def test_a_long_command_and_a_long_file_have_an_end(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_LARGEST", 20_000)
    watch = Audit()

    for number in range(30):
        watch.ended(watch.opened(TARGET, f"{number} " + "x" * 9000), Exit(number), None)

    assert (disk.own / "shell.ndjson").stat().st_size < 25_000
    newest = list_sessions()[0]
    assert (newest.exit_code, len(newest.command or "")) == (29, 2000)


def test_a_line_that_was_damaged_hides_no_other(disk: Disk) -> None:
    watch = Audit()
    watch.ended(watch.opened(TARGET, "ls"), Exit(0), None)
    path = audit._local()
    path.write_bytes(b"\xff{half\n{}\n[]\n" + path.read_bytes())

    assert [session.command for session in list_sessions()] == ["ls"]
