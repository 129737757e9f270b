"""Run the probes, and mend what they find."""

from __future__ import annotations

import contextlib
import hashlib
import os

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.health import bytecode, interpreter, kernel, latency, prefix, records
from modelarts_nb.envs.health.images import examine_versions
from modelarts_nb.envs.health.probe import Patient
from modelarts_nb.envs.inventory import find_prefix
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.localcopy import local_copy
from modelarts_nb.envs.sealed.names import find_sealed
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
    """Examine an environment; nothing is changed. Of a sealed one its images and its local copy.

    Args:
        name: an environment's name, or a prefix.
        deep: read every managed file, and every image, and compare its sha256 with its record.
        disk: the persistent disk; the configured one if None.
        progress: told about each probe.

    Returns:
        At least one finding a probe; ``level`` is ``ok`` where nothing is wrong.

    Raises:
        NotFound: there is no such environment.
        NotAnEnvironment: the folder is not one.
    """
    disk = disk or open_disk()
    findings = []
    if sealed := find_sealed(name, disk):
        findings += examine_versions(sealed, disk, deep=deep, progress=progress)
        if slots.current(disk, sealed) is None:
            return findings
    patient = Patient(name, find_prefix(name, disk=disk), disk, deep, progress)
    for probe in _PROBES:
        progress.check()
        findings.append(probe.examine(patient))
    return findings


def _lock_name(patient: Patient) -> str:
    if patient.ours:
        return patient.called
    digest = hashlib.sha256(os.fsencode(patient.prefix)).hexdigest()
    return f"{patient.prefix.name[:64] or 'root'}-{digest[:12]}"


def fix(
    name: str, *, deep: bool = False, disk: Disk | None = None, progress: Progress = SILENT
) -> list[Finding]:
    """Mend what can be mended, then examine again. A sealed one is mended where it is on the local
    disk (it is filled first), which leaves that unsaved.

    Args, returns and raises as ``check``; ``Busy`` when somebody works on the environment.
    """
    disk = disk or open_disk()
    if sealed := find_sealed(name, disk):
        local_copy(sealed, disk, progress)
    patient = Patient(name, find_prefix(name, disk=disk), disk, deep, progress)
    for probe in _PROBES:
        progress.check()
        with contextlib.nullcontext() if probe.locks else lock(disk, _lock_name(patient)):
            finding = probe.examine(patient)
            if finding.level != "ok" and finding.fix and probe.mend:
                progress.log(f"{finding.check}: {finding.message} {finding.fix}")
                probe.mend(patient)
    return check(name, deep=deep, disk=disk, progress=progress)
