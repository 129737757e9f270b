"""A stop ends every process of the notebook, and none of anybody else's."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelarts_nb.localcloud.plane.identity import MARKER_VARIABLE
from modelarts_nb.localcloud.plane.processes import end_processes, processes_of

Starter = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def cloud() -> str:
    """The name of a local cloud that no other test has that may run now."""
    return f"cloud-{uuid.uuid4().hex}"


@pytest.fixture
def mine(cloud: str) -> str:
    """The mark of one of its notebooks."""
    return f"{cloud}/a"


@pytest.fixture
def start(mine: str) -> Iterator[Starter]:
    """Starts ``/bin/sh -c TEXT`` as a notebook's; it has said one line when this returns."""
    started = []

    def begin(text: str, notebook: str = mine) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["/bin/sh", "-c", text],
            env={"PATH": "/usr/bin:/bin", MARKER_VARIABLE: notebook},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        process.said = process.stdout.readline().decode().strip()  # type: ignore[attr-defined]
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def test_children_and_those_with_a_session_of_their_own_end(start: Starter, mine: str) -> None:
    process = start("setsid sleep 60 & sleep 60 & echo ready; wait")
    assert len(processes_of(mine)) == 3

    end_processes(mine, grace=0)

    assert processes_of(mine) == set()
    assert process.wait(60) == -9


def test_a_child_that_dropped_its_environment_ends(start: Starter, mine: str) -> None:
    start("env -i /bin/sh -c 'sleep 60 & echo ready; wait' & wait")
    assert len(processes_of(mine)) == 3

    end_processes(mine, grace=0)

    assert processes_of(mine) == set()


def test_an_orphan_is_found(start: Starter, mine: str) -> None:
    orphan = int(start("(sleep 60 & echo $!) ").said)  # type: ignore[attr-defined]
    assert orphan in processes_of(mine)

    end_processes(mine, grace=0)

    assert processes_of(mine) == set()


def test_what_ignores_the_polite_signal_is_killed(start: Starter, mine: str) -> None:
    process = start("trap '' TERM; echo ready; while :; do sleep 60; done")

    end_processes(mine, grace=0.1)

    assert process.wait(60) == -9


def test_who_ends_politely_is_not_killed(start: Starter, mine: str) -> None:
    process = start("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")

    end_processes(mine, grace=60)

    assert process.wait(60) == 7


@pytest.mark.parametrize("other", ["{}/b", "{}/ab", "other-{}/a", "{}/a/"])
def test_other_notebooks_live_on(start: Starter, cloud: str, mine: str, other: str) -> None:
    start("echo ready; sleep 60")
    neighbour = start("echo ready; sleep 60", other.format(cloud))

    end_processes(mine, grace=0)

    assert neighbour.poll() is None


def test_a_local_cloud_inside_a_notebook_does_not_end_itself(mine: str) -> None:
    # given a shell that carries the marker, a local cloud below it, and another process
    program = (
        "import sys\n"
        "from modelarts_nb.localcloud.plane.processes import end_processes\n"
        f"end_processes({mine!r}, grace=0)\n"
        "print('alive')\n"
    )
    # when that local cloud ends the notebook's processes
    done = subprocess.run(
        ["/bin/sh", "-c", 'sleep 60 & "$0" -c "$1"; wait; echo shell', sys.executable, program],
        env={"PATH": "/usr/bin:/bin", MARKER_VARIABLE: mine},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    # then only the other process is gone
    assert done.stdout == "alive\nshell\n"


def test_one_that_is_just_becoming_another_program_is_found(mine: str, tmp_path: Path) -> None:
    program = tmp_path / "again"
    program.write_text('#!/bin/sh\nexec "$0"\n')
    program.chmod(0o755)
    process = subprocess.Popen(
        [program],
        env={MARKER_VARIABLE: mine},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert [processes_of(mine) for _ in range(60)] == [{process.pid}] * 60

        end_processes(mine, grace=0)

        assert process.wait(60) == -9
    finally:
        process.kill()
