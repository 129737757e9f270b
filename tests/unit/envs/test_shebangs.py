"""First lines that every kernel can read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelarts_nb.envs.rewriting import rewrite
from modelarts_nb.envs.shebangs import interpreter_of

OLD = "/opt/envs/a"


def moved_script(first_line: str, new: str, rest: str = "print(1)\n") -> bytes:
    """A script of the old prefix, moved."""
    changed = rewrite(f"{first_line}\n{rest}".encode(), [OLD], new, path="bin/x")
    assert changed is not None
    return changed


def test_given_a_short_prefix_when_moved_then_the_first_line_is_plain() -> None:
    assert moved_script(f"#!{OLD}/bin/python3.11 -E", "/b") == b"#!/b/bin/python3.11 -E\nprint(1)\n"


@pytest.mark.parametrize("folder", ["x" * 120, "with space", "长" * 60])
@pytest.mark.parametrize("options", ["", " -E"])
def test_given_a_prefix_no_kernel_can_read_when_moved_then_the_script_still_runs(
    folder: str, options: str, tmp_path: Path
) -> None:
    # given
    new = tmp_path / folder
    (new / "bin").mkdir(parents=True)
    (new / "bin/python").symlink_to(sys.executable)
    code = "import sys\nprint(sys.argv[1:], sys.flags.ignore_environment)\n"
    # when
    content = moved_script(f"#!{OLD}/bin/python{options}", str(new), code)
    # then
    script = new / "bin/tool"
    script.write_bytes(content)
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "c"], capture_output=True, text=True)
    assert done.stdout == f"['a b', 'c'] {int(bool(options))}\n"
    assert len(content.partition(b"\n")[0]) <= 127
    assert interpreter_of(content) == f"{new}/bin/python".encode()


def test_given_a_long_first_line_when_moved_again_then_it_names_the_next_prefix() -> None:
    first, second = "/" + "y" * 130, "/" + "z" * 140
    once = moved_script(f"#!{OLD}/bin/python -I", first)
    twice = rewrite(once, [first], second, path="bin/x")
    assert twice == moved_script(f"#!{OLD}/bin/python -I", second)


def test_given_what_pip_writes_unquoted_when_moved_to_a_space_then_it_is_quoted() -> None:
    before = f"#!/bin/sh\n'''exec' {OLD}/bin/python \"$0\" \"$@\"\n' '''\nprint(1)\n"
    after = rewrite(before.encode(), [OLD], "/my disk/a", path="bin/x")
    assert (
        after == b"#!/bin/sh\n'''exec' \"/my disk/a/bin/python\" \"$0\" \"$@\"\n' '''\nprint(1)\n"
    )


@pytest.mark.parametrize(
    ("line", "after"),
    [("perl", "#!/usr/bin/env perl"), ("perl -w", "#!/usr/bin/env -S perl -w")],
)
def test_given_another_language_when_the_prefix_is_too_long_then_env_finds_it(
    line: str, after: str
) -> None:
    content = moved_script(f"#!{OLD}/bin/{line}", "/" + "y" * 130)
    assert content.decode().splitlines()[0] == after


@pytest.mark.parametrize(
    ("head", "interpreter"),
    [
        (b"#!/opt/envs/a/bin/python3.7\nx", b"/opt/envs/a/bin/python3.7"),
        (b"#! /opt/envs/a/bin/python -E\n", b"/opt/envs/a/bin/python"),
        (b"#!/my disk/a/bin/python\n", b"/my disk/a/bin/python"),
        (b"#!/usr/bin/env python\n", b"/usr/bin/env"),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_given_a_script_when_asked_then_its_interpreter_is_named(
    head: bytes, interpreter: bytes | None
) -> None:
    assert interpreter_of(head) == interpreter
