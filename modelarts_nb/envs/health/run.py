"""Run the probes, and mend what they find."""

from __future__ import annotations

import contextlib
import hashlib
import os

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.health import bytecode, interpreter, kernel, latency, prefix, records
from modelarts_nb.envs.health.probe import Patient
from modelarts_nb.envs.inventory import find_prefix
from modelarts_nb.envs.model import Finding
from modelarts_nb.progress import SILENT, Progress

# In the order in which mending helps: a right prefix first, then what depends on it.
_PROBES = (
    prefix.PROBE,
    interpreter.PROBE,
    records.PROBE,
    bytecode.PROBE,
    kernel.PROBE,
    latency.PROBE,
)


def check(
    name: str, *, deep: bool = False, disk: Disk | None = None, progress: Progress = SILENT
) -> list[Finding]:
    """Examine an environment; nothing is changed.

    Args:
        name: an environment's name, or a prefix.
        deep: read every managed file and compare its sha256 with its record.
        disk: the persistent disk; the configured one if None.
        progress: told about each probe.

    Returns:
        One finding a probe; ``level`` is ``ok`` where nothing is wrong.

    Raises:
        NotFound: there is no such environment.
        NotAnEnvironment: the folder is not one.
    """
    disk = disk or open_disk()
    patient = Patient(name, find_prefix(name, disk=disk), disk, deep, progress)
    findings = []
    for probe in _PROBES:
        progress.check()
        findings.append(probe.examine(patient))
    return findings


def _lock_name(patient: Patient) -> str:
    if patient.ours:
        return patient.prefix.name
    digest = hashlib.sha256(os.fsencode(patient.prefix)).hexdigest()
    return f"{patient.prefix.name[:64] or 'root'}-{digest[:12]}"


def fix(
    name: str, *, deep: bool = False, disk: Disk | None = None, progress: Progress = SILENT
) -> list[Finding]:
    """Mend what can be mended, then examine again.

    Args, returns and raises as ``check``; ``Busy`` when somebody works on the environment.
    """
    disk = disk or open_disk()
    patient = Patient(name, find_prefix(name, disk=disk), disk, deep, progress)
    for probe in _PROBES:
        progress.check()
        with contextlib.nullcontext() if probe.locks else lock(disk, _lock_name(patient)):
            finding = probe.examine(patient)
            if finding.level != "ok" and finding.fix and probe.mend:
                progress.log(f"{finding.check}: {finding.message} {finding.fix}")
                probe.mend(patient)
    return check(name, deep=deep, disk=disk, progress=progress)
