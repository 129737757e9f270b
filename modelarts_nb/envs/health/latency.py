"""How slow is the disk under the environment?"""

from __future__ import annotations

from modelarts_nb.disk.latency import measure_latency
from modelarts_nb.envs.health.probe import Patient, Probe
from modelarts_nb.envs.model import Finding

# Importing torch sends about 8,000 requests one after the other (facts: network-disk.md).
_SLOW_MS = 5.0


def _examine(patient: Patient) -> Finding:
    milliseconds = measure_latency(patient.prefix)
    said = f"The disk answers in {milliseconds:.1f} ms."
    if milliseconds <= _SLOW_MS:
        return Finding("disk", "ok", said)
    return Finding(
        "disk", "warning", f"{said} A first `import torch` takes about {8 * milliseconds:.0f} s."
    )


PROBE = Probe("disk", _examine)
