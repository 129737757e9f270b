"""Running a notebook's hooks as real processes.

What a hook is: ``type`` COMMAND (text) or SCRIPT (an absolute path), ``mode`` BLOCK or ASYNC (SDK,
``model/config.py``). Not public, so decided here: a COMMAND runs in ``/bin/sh``; a SCRIPT runs by
itself when it is executable, else in ``/bin/sh``; a BLOCK hook has a time limit; a BLOCK
``pre_start`` that fails keeps the notebook from starting; any other failure is only recorded.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from modelarts_nb.localcloud.plane.containerpaths import on_machine, rewritten
from modelarts_nb.localcloud.plane.identity import Identity

Stage = Literal["pre_start", "post_start"]


@dataclass(frozen=True)
class Hook:
    """One hook; ``script`` is the plain text of a COMMAND or the path of a SCRIPT."""

    script: str
    type: Literal["COMMAND", "SCRIPT"] = "SCRIPT"
    mode: Literal["BLOCK", "ASYNC"] = "ASYNC"


@dataclass(frozen=True)
class HookRun:
    """What became of it: ``exit_code`` is None when it did not end by itself in time."""

    stage: Stage
    type: str
    mode: str
    exit_code: int | None
    seconds: float
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class HookRunner:
    """Runs the hooks of one start of one notebook.

    Args:
        identity: whose.
        limit: seconds that a BLOCK hook may take.
    """

    def __init__(self, identity: Identity, *, limit: float) -> None:
        self._identity = identity
        self._limit = limit
        self._recording = threading.Lock()

    def log(self, stage: Stage) -> Path:
        """Where the output of the last run of a stage's hook is."""
        return self._identity.folders.logs / f"{stage}.log"

    def record(self, stage: Stage) -> Path:
        """Where a ``HookRun`` of the last run is, once it ended, as JSON."""
        return self._identity.folders.logs / f"{stage}.json"

    def run(self, stage: Stage, hook: Hook) -> HookRun | None:
        """Run a BLOCK hook to its end or its limit; start an ASYNC one (None)."""
        began = time.monotonic()
        self.record(stage).unlink(missing_ok=True)
        try:
            process = self._start(stage, hook)
        except (OSError, ValueError) as error:
            return self._recorded(_run(stage, hook, began, 127, str(error)))
        if hook.mode == "BLOCK":
            return self._recorded(self._wait(process, stage, hook, began))
        watcher = threading.Thread(
            target=lambda: self._recorded(_run(stage, hook, began, process.wait())), daemon=True
        )
        watcher.start()
        return None

    def _start(self, stage: Stage, hook: Hook) -> subprocess.Popen[bytes]:
        folders = self._identity.folders
        with self.log(stage).open("wb") as log:
            return subprocess.Popen(
                self._command(stage, hook),
                cwd=folders.home,
                env=self._identity.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _command(self, stage: Stage, hook: Hook) -> list[str]:
        folders = self._identity.folders
        if hook.type == "COMMAND":
            # A file, since the kernel limits the length of an argument.
            text = folders.logs / f"{stage}.sh"
            text.write_text(rewritten(hook.script, folders), "utf-8")
            return ["/bin/sh", str(text)]
        script = on_machine(hook.script, folders)
        if not script.is_file():
            raise ValueError(f"{hook.script} is not a file.")
        return [str(script)] if os.access(script, os.X_OK) else ["/bin/sh", str(script)]

    def _wait(
        self, process: subprocess.Popen[bytes], stage: Stage, hook: Hook, began: float
    ) -> HookRun:
        try:
            return _run(stage, hook, began, process.wait(self._limit))
        except subprocess.TimeoutExpired:
            # Its own session, so nobody else's processes are in the group.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            said = f"It did not end within {self._limit:g} s and was killed."
            return _run(stage, hook, began, None, said)

    def _recorded(self, run: HookRun) -> HookRun:
        with self._recording:
            fresh = self.record(run.stage).with_suffix(".fresh")
            fresh.write_text(json.dumps(asdict(run)), "utf-8")
            fresh.replace(self.record(run.stage))
        return run


def _run(stage: Stage, hook: Hook, began: float, code: int | None, problem: str = "") -> HookRun:
    seconds = round(time.monotonic() - began, 3)
    return HookRun(stage, hook.type, hook.mode, code, seconds, problem)
