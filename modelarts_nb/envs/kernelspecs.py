"""Reading kernel specs: which environment has which kernel."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.records import site_packages

KernelState = Literal["ready", "missing", "none"]


def kernel_name(name: str) -> str:
    """The kernel of the environment ``name``: Jupyter lower-cases names, so ours are lower case."""
    return f"ma-{name.lower()}"


def has_ipykernel(prefix: Path, python: str | None = None) -> bool:
    """Can the environment at ``prefix`` be a kernel?"""
    site = site_packages(prefix, python)
    return site is not None and (site / "ipykernel").is_dir()


class Kernels:
    """All kernel specs of this home, and the names in the owner's list."""

    def __init__(self, disk: Disk) -> None:
        self._local = _prefixes(disk.local_kernels)
        self._envs = disk.envs
        # Their names say enough: reading them all takes a slow disk longer than all the rest.
        self._listed = _names(disk.kernels)

    def of(self, prefix: Path) -> tuple[KernelState, str | None]:
        """The state and the name of the kernel that runs the environment at ``prefix``."""
        place = str(prefix)
        for name, runs in self._local.items():
            if runs == place:
                return "ready", name
        name = kernel_name(prefix.name)
        if prefix.parent == self._envs and name in self._listed:
            return "missing", name
        return "none", None

    def of_name(self, name: str) -> tuple[KernelState, str | None]:
        """The state and the name of our kernel of the environment ``name``, wherever that runs."""
        kernel = kernel_name(name)
        if kernel in self._local:
            return "ready", kernel
        return ("missing", kernel) if kernel in self._listed else ("none", None)


def _names(kernels: Path) -> list[str]:
    """The kernel specs in a folder; ours come first."""
    try:
        return sorted(os.listdir(kernels), key=lambda name: (not name.startswith("ma-"), name))
    except OSError:
        return []


def _prefixes(kernels: Path) -> dict[str, str]:
    """The prefix that each kernel in a folder runs; empty for one that finds it when it starts."""
    found = {}
    for name in _names(kernels):
        try:
            spec = json.loads((kernels / name / "kernel.json").read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(spec, dict):
            found[name] = _prefix(spec) or ""
    return found


def _prefix(spec: dict[str, object]) -> str | None:
    metadata = spec.get("metadata")
    ours = metadata.get("modelarts_nb") if isinstance(metadata, dict) else None
    if isinstance(ours, dict) and isinstance(ours.get("prefix"), str):
        return str(ours["prefix"])
    argv = spec.get("argv")
    if isinstance(argv, list) and argv and isinstance(argv[0], str):
        return argv[0].rpartition("/bin/")[0] or None
    return None
