"""Can a version run on this machine? Asked before it is cloned, filled or offered."""

from __future__ import annotations

import glob
import os
import platform
import shutil

from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.errors import PlatformMismatch
from modelarts_nb.progress import SILENT, Progress

# What the kernel modules of the accelerators make.
_DEVICES = {"cuda": "/dev/nvidia[0-9]*", "ascend": "/dev/davinci[0-9]*"}
_TOOLS = {"cuda": "nvidia-smi", "ascend": "npu-smi"}
_CALLED = {"cuda": "a GPU (CUDA)", "ascend": "an NPU (Ascend)"}


def require_fit(version: Version, progress: Progress = SILENT) -> None:
    """Refuse what cannot run here. A missing accelerator is only told to the log: much works
    without one, and it may come with the next start of the notebook.

    Raises:
        PlatformMismatch: it was made for another processor, or needs a newer C library.
    """
    here = platform.machine()
    if version.arch and version.arch != here:
        raise PlatformMismatch(
            f"{version.name} version {version.number} was made for {version.arch}; "
            f"this machine is {here}.",
            hint=f"Start a notebook of {version.arch}, or create the environment here anew.",
        )
    library, found = platform.libc_ver()
    if library == "glibc" and _numbers(version.glibc) > _numbers(found):
        raise PlatformMismatch(
            f"{version.name} version {version.number} needs the C library {version.glibc}; "
            f"this image has {found}.",
            hint="Start a notebook with a newer image.",
        )
    if version.accelerator in _DEVICES and not _has(version.accelerator):
        progress.log(
            f"{version.name} was made for {_CALLED[version.accelerator]}, and none is here"
        )


def _has(accelerator: str) -> bool:
    if glob.glob(_DEVICES[accelerator]) or shutil.which(_TOOLS[accelerator]):
        return True
    return accelerator == "cuda" and os.path.exists("/proc/driver/nvidia/version")


def _numbers(text: str) -> tuple[int, ...]:
    """``"2.17"`` as numbers that can be compared; what is no version is older than any."""
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
