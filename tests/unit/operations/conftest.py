"""Verbs small enough to time, and an environment of a few files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import Cancelled, NotFound
from modelarts_nb.operations.verbs import VERBS, Verb
from modelarts_nb.progress import SILENT, Progress


def count(steps: int, *, disk: Disk | None = None, progress: Progress = SILENT) -> dict[str, Any]:
    progress.phase("copying", files=steps, bytes=steps * 10)
    for _ in range(steps):
        progress.check()
        progress.advance(files=1, bytes=10)
    return {"counted": steps, "root": disk.root if disk else None}


def wait_for_cancel(*, progress: Progress = SILENT) -> None:
    progress.phase("copying")
    end = time.monotonic() + 90
    while time.monotonic() < end:
        progress.check()
        time.sleep(0.01)
    raise AssertionError("nobody cancelled")


def refuse() -> None:
    raise NotFound("There is no such thing.", hint="Look elsewhere.")


def stumble() -> None:
    raise ZeroDivisionError("a fault of ours")


def fill(*, progress: Progress = SILENT) -> None:
    raise OSError(28, "No space left on device")


def leave() -> None:
    raise Cancelled("It is not followed any more.", hint="The cloud goes on with it.")


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (count, wait_for_cancel, refuse, stumble, fill, leave):
        verb = Verb(f"{__name__}:{function.__name__}")
        monkeypatch.setitem(VERBS, f"test.{function.__name__}", verb)
    monkeypatch.setitem(VERBS, "test.far_away", Verb(f"{__name__}:count", disk=False))


def make_prefix(prefix: Path, files: int = 20) -> Path:
    """A folder that counts as a conda environment."""
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta/history").write_text("")
    (prefix / "bin").mkdir()
    (prefix / "bin/python").write_text("#!/bin/sh\nexit 0\n")
    (prefix / "bin/python").chmod(0o755)
    for number in range(files):
        folder = prefix / "lib" / f"part{number % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module{number}.py").write_text(f"home = {str(prefix)!r}\n")
    return prefix
