"""Does Jupyter offer the environment, and would the kernel start?"""

from __future__ import annotations

import os

from modelarts_nb.envs import kernels
from modelarts_nb.envs.health.interpreter import ask_interpreter
from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.model import Finding


def _examine(patient: Patient) -> Finding:
    environment = show(str(patient.prefix), disk=patient.disk)
    if environment.python is None and not os.path.lexists(patient.prefix / "bin" / "python"):
        return Finding("kernel", "warning", "Without Python there is no kernel.")
    answer = ask_interpreter(patient.prefix)
    if answer.trouble:
        return Finding(
            "kernel", "error", "Its Python does not start, so its kernel does not either."
        )
    if not answer.has_ipykernel:
        return Finding(
            "kernel",
            "warning",
            "ipykernel is not installed, so Jupyter cannot use this environment. "
            f"`ma env install {patient.called} ipykernel` brings it.",
        )
    if environment.kernel == "ready":
        return Finding("kernel", "ok", f"Jupyter offers it as {environment.kernel_name}.")
    if environment.where != "disk":
        return Finding("kernel", "ok", "It is not on the disk, so its kernel is not ours.")
    return Finding(
        "kernel", "warning", "Jupyter does not offer this environment.", "Register its kernel."
    )


def _mend(patient: Patient) -> None:
    kernels.register(patient.called, disk=patient.disk, progress=patient.progress)


PROBE = Probe("kernel", _examine, _mend)
