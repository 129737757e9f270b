"""Kernel specs of environments: in the owner's list on the disk, and where Jupyter looks."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.hot.placing import place
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.kernelspecs import has_ipykernel, kernel_name
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.versions import read_head
from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_FILES = ("kernel.json", "launch.sh")


def register(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Environment:
    """Offer the environment ``name`` as a kernel, now and after every restart.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment on the disk.
        NotFound: ipykernel is not installed in it; the hint says how to add it.
        DiskFull, DiskFailure, AccessDenied: a kernel spec cannot be written.
    """
    disk = disk or open_disk()
    sealed = find_sealed(name, disk)
    known = sealed or on_disk(name, disk).name
    if not (_sealed_has(known, disk) if sealed else has_ipykernel(disk.envs / known)):
        raise NotFound(
            f"{known!r} cannot be a kernel: ipykernel is not installed in it.",
            hint=f"`ma env install {known} ipykernel`, then `ma env register {known}`.",
        )
    progress.phase("registering")
    if sealed:
        write_sealed_kernel(known, disk)
    else:
        write_kernel(disk.envs / known, disk)
    progress.log(f"registered the kernel {kernel_name(known)}")
    return show(known, disk=disk)


def register_if_possible(prefix: Path, *, disk: Disk, progress: Progress = SILENT) -> None:
    """Register what was just made; without ipykernel say so in the log instead of failing.

    Raises:
        DiskFull, DiskFailure, AccessDenied: a kernel spec cannot be written.
    """
    if has_ipykernel(prefix):
        progress.phase("registering")
        write_kernel(prefix, disk)
    else:
        log_no_kernel(prefix.name, progress)


def register_sealed_if_possible(name: str, *, disk: Disk, progress: Progress = SILENT) -> None:
    """``register_if_possible`` for a sealed environment.

    Raises:
        NotFound, ArchiveInvalid: it has no version that can be read.
        DiskFull, DiskFailure, AccessDenied: a kernel spec cannot be written.
    """
    if _sealed_has(name, disk):
        progress.phase("registering")
        write_sealed_kernel(name, disk)
    else:
        log_no_kernel(name, progress)


def log_no_kernel(name: str, progress: Progress) -> None:
    """Say why what was just made has no kernel, and what to do."""
    progress.log(
        f"no kernel: ipykernel is not in {name!r}; "
        f"`ma env install {name} ipykernel`, then `ma env register {name}`"
    )


def _sealed_has(name: str, disk: Disk) -> bool:
    """Can a sealed environment be a kernel, as it is here, else in its newest version?"""
    slot = slots.current(disk, name)
    if slot and has_ipykernel(slot.path):
        return True
    return any(package.name == "ipykernel" for package in read_head(disk, name).packages)


def unregister(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> None:
    """Take the kernel of ``name`` back; the environment itself may be gone already.

    Raises:
        NotFound: it has none.
        DiskFailure, AccessDenied: a kernel spec cannot be removed.
    """
    disk = disk or open_disk()
    if not remove_kernel(name, disk):
        raise NotFound(
            f"{name!r} has no kernel of ours.", hint="`ma env list` shows which environments have."
        )
    progress.log(f"removed the kernel {kernel_name(name)}")


def write_kernel(prefix: Path, disk: Disk) -> None:
    """Write the kernel spec of the environment at ``prefix``, on the disk and for Jupyter.

    Raises:
        DiskFull, DiskFailure, AccessDenied: one of the places refused.
    """
    _write(prefix.name, _spec(prefix), disk)


def write_sealed_kernel(name: str, disk: Disk) -> None:
    """Write the kernel spec of a sealed environment, on the disk and for Jupyter.

    Its launcher looks for the local copy first, fills one where there is none, and starts from a
    tree of that name where there is one.

    Raises:
        DiskFull, DiskFailure, AccessDenied: one of the places refused.
    """
    _write(name, _spec(disk.envs / name, run=disk.run), disk)


def _write(name: str, spec: dict[str, Any], disk: Disk) -> None:
    text = json.dumps(spec, indent=2, ensure_ascii=False) + "\n"
    for kernels in (disk.kernels, disk.local_kernels):
        folder = kernels / kernel_name(name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, "registering the kernel", folder) from error
        # Jupyter takes a folder for a kernel once it has a kernel.json: that comes last.
        replace_file(folder / "launch.sh", launcher().encode(), 0o755)
        replace_file(folder / "kernel.json", text.encode())
    # Last: a home that refuses must not keep the spec off the disk.
    place(disk)


def remove_kernel(name: str, disk: Disk) -> bool:
    """Remove the kernel spec of ``name`` from both places. False: there was none.

    Raises:
        DiskFailure, AccessDenied: one of the places refused.
    """
    found = False
    for kernels in (disk.kernels, disk.local_kernels):
        folder = kernels / kernel_name(name)
        try:
            for file in os.listdir(folder) if folder.is_dir() else ():
                # A killed process may have left the new one of a file beside the old.
                if file in _FILES or (file.startswith(".") and file.endswith(".tmp")):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(folder / file)
                        found = True
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()
        except OSError as error:
            raise from_os_error(error, "removing the kernel", folder) from error
    return found


def _spec(prefix: Path, *, run: Path | None = None) -> dict[str, Any]:
    """The spec of what is at ``prefix``, or would be were it open; ``run``: of a sealed one."""
    # Who cannot find the tool by itself (in JupyterLab's own environment it has no `ma` on the
    # PATH) is told where it was.
    place = ["--sealed", str(run), sys.executable] if run else []
    ours: dict[str, Any] = {"env": prefix.name, "prefix": str(prefix)}
    return {
        "argv": [
            "/bin/sh",
            "{resource_dir}/launch.sh",
            *place,
            str(prefix),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ],
        "display_name": prefix.name,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {
            "debugger": True,
            "modelarts_nb": {**ours, "sealed": True} if run else ours,
        },
    }


@cache
def launcher() -> str:
    """The text of ``launch.sh``."""
    return files("modelarts_nb.envs").joinpath("launch.sh").read_text("utf-8")
