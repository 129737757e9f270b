"""Do the files say where the environment is? Those of one that was moved by hand do not."""

from __future__ import annotations

from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.moved import correct_in_place, former_prefixes
from modelarts_nb.envs.relocate import leftovers


def _examine(patient: Patient) -> Finding:
    former = former_prefixes(patient.prefix)
    if not former:
        return Finding("prefix", "ok", "Every script names this folder.")
    files = leftovers(patient.prefix, former)
    if not files:
        return Finding("prefix", "ok", "Every file names this folder.")
    return Finding(
        "prefix",
        "error",
        f"{len(files):,} files still say that the environment is at {former[0]}.",
        "Rewrite them for this folder.",
        tuple(files),
    )


def _mend(patient: Patient) -> None:
    correct_in_place(patient.prefix, former_prefixes(patient.prefix), progress=patient.progress)


PROBE = Probe("prefix", _examine, _mend)
