"""Does the interpreter start, and does it believe to be where it is?"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.records import python_version, record_names

# A cold interpreter with ipykernel on a disk of 5 ms a request took 4 s.
START_SECONDS = 60

_QUESTION = """
import importlib.util, json, sys
print(json.dumps([sys.prefix, sys.version.split()[0], bool(importlib.util.find_spec("ipykernel"))]))
"""


@dataclass(frozen=True)
class Answer:
    """What the interpreter says about itself; ``trouble`` is empty when it started."""

    prefix: Path = Path()
    version: str = ""
    has_ipykernel: bool = False
    trouble: str = ""


def ask_interpreter(prefix: Path) -> Answer:
    """Start ``<prefix>/bin/python`` once, isolated from the user's settings."""
    python = prefix / "bin" / "python"
    try:
        done = subprocess.run(
            [python, "-I", "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(trouble=f"it did not answer within {START_SECONDS} s")
    except OSError as error:
        return Answer(trouble=error.strerror or str(error))
    try:
        where, version, has_ipykernel = json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines()
        return Answer(trouble=lines[-1] if lines else f"it ended with code {done.returncode}")
    return Answer(Path(where), version, has_ipykernel)


def _examine(patient: Patient) -> Finding:
    if not (patient.prefix / "bin" / "python").exists():
        if python_version(record_names(patient.prefix)) is None:
            return Finding("interpreter", "warning", "There is no Python in this environment.")
        return Finding("interpreter", "error", "Python does not start: bin/python is missing.")
    answer = ask_interpreter(patient.prefix)
    if answer.trouble:
        return Finding("interpreter", "error", f"Python does not start: {answer.trouble}.")
    if answer.prefix.resolve() != patient.prefix.resolve():
        return Finding(
            "interpreter", "error", f"Python believes to be in {answer.prefix}, not here."
        )
    return Finding("interpreter", "ok", f"Python {answer.version} starts.")


PROBE = Probe("interpreter", _examine)
