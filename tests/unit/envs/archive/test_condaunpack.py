"""The conda-unpack script: what is written is read back, and it works on its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.archive.condaunpack import activate_scripts, parse, render

OLD = "/data/envs/old"
ROOM = 255


def environment(root: Path, script: bytes) -> Path:
    prefix = root / "fresh place"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib").mkdir()
    (prefix / "bin/tool").write_bytes(f"#!{OLD}/bin/python -E\nx = '{OLD}'\n".encode())
    (prefix / "bin/tool").chmod(0o755)
    (prefix / "lib/a.conf").write_text(f"a={OLD}/x b={OLD}-2 c={OLD}.bak d={OLD}.\n")
    text = f"{OLD}/lib".encode()
    (prefix / "lib/a.so").write_bytes(b"\0" + text + b"\0" * (ROOM - len(OLD)) + b"\0tail")
    (prefix / "bin/conda-unpack").write_bytes(script)
    return prefix


RECORDS = [
    ("bin/tool", OLD, "text"),
    ("lib/a.conf", OLD, "text"),
    ("lib/a.so", OLD, "binary"),
]


def run(prefix: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(prefix / "bin/conda-unpack"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_makes_text_scripts_and_binaries_true(tmp_path: Path) -> None:
    prefix = environment(tmp_path, render(RECORDS, {"lib/a.so": ROOM}))
    size = (prefix / "lib/a.so").stat().st_size

    done = run(prefix)

    assert (done.returncode, done.stderr) == (0, "")
    conf = (prefix / "lib/a.conf").read_text()
    assert conf == f"a={prefix}/x b={OLD}-2 c={OLD}.bak d={prefix}.\n"
    binary = (prefix / "lib/a.so").read_bytes()
    assert len(binary) == size
    assert binary.startswith(b"\0" + os.fsencode(prefix) + b"/lib\0")
    assert binary.endswith(b"\0tail")
    # A prefix with a space cannot stand in a first line.
    assert (prefix / "bin/tool").read_bytes().startswith(b"#!/bin/sh\n'''exec' \"")
    assert os.access(prefix / "bin/tool", os.X_OK)


def test_run_again_after_a_move_it_follows(tmp_path: Path) -> None:
    prefix = environment(tmp_path, render(RECORDS, {"lib/a.so": ROOM}))
    assert run(prefix).returncode == 0
    moved = prefix.rename(tmp_path / "moved")

    assert run(moved).returncode == 0

    assert (moved / "lib/a.conf").read_text().startswith(f"a={moved}/x ")
    assert os.fsencode(moved) + b"/lib\0" in (moved / "lib/a.so").read_bytes()


def test_without_room_nothing_is_changed(tmp_path: Path) -> None:
    prefix = environment(tmp_path, render(RECORDS, {"lib/a.so": len(OLD) + 1}))

    done = run(prefix)

    assert done.returncode == 1
    assert "lib/a.so" in done.stderr
    assert "Traceback" not in done.stderr
    assert OLD in (prefix / "lib/a.conf").read_text()


def test_what_it_changes_is_named_when_asked(tmp_path: Path) -> None:
    prefix = environment(tmp_path, render(RECORDS, {"lib/a.so": ROOM}))
    assert run(prefix, "-v").stdout.split() == ["bin/tool", "lib/a.conf", "lib/a.so"]


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=30),
            st.text(max_size=20).map(lambda text: "/" + text.strip("/") + "x"),
            st.sampled_from(["text", "binary"]),
        )
    )
)
def test_records_come_back_whatever_the_names(records: list[tuple[str, str, str]]) -> None:
    assert parse(render(records, {})) == records  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"#!/bin/sh\nexit 1\n",
        b"\n_prefix_records = [\n__import__('os').system('true')\n]\n",
        b"\n_prefix_records = [\n(1, 2, 3)\n]\n",
        b"\n_prefix_records = [" + b"(" * 100_000 + b"\n]",
        b"\n_prefix_records = [\n",
    ],
)
def test_a_script_that_is_none_is_not_run_but_refused(script: bytes) -> None:
    assert parse(script) is None


def test_conda_packs_activation_scripts_are_found() -> None:
    assert set(activate_scripts()) == {"bin/activate", "bin/deactivate", "bin/activate.fish"}
