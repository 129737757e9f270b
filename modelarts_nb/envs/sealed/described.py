"""One sealed environment in the list of all: told from the head of a version and its local copy."""

from __future__ import annotations

import os
from collections.abc import Mapping

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.highlights import highlights_at
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment, Finding
from modelarts_nb.envs.records import python_version
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.listing import highlights_of
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.unsaved import seems_unsaved
from modelarts_nb.envs.sealed.versions import head_of, numbers
from modelarts_nb.envs.state import read_state
from modelarts_nb.envs.trouble import trouble_at
from modelarts_nb.errors import ArchiveInvalid, DiskFailure


def describe_sealed(
    name: str, disk: Disk, kernels: Kernels, working: Mapping[str, str], *, survives: bool
) -> Environment | None:
    """The sealed environment ``name``; None: it has no versions, or they went just now.

    Of the persistent disk one folder is listed and the beginning of one file read.

    Args:
        name: as its folder is called.
        disk: the persistent disk.
        kernels: of this home.
        working: who works on what, by name in lower case.
        survives: does the disk survive a restart?

    Raises:
        DiskFailure, AccessDenied: its versions cannot be read.
    """
    known = numbers(disk, name)
    if not known:
        return None
    slot = slots.current(disk, name)
    if slot and slot.number not in known:
        slot = None
    try:
        head, trouble = _head(disk, name, slot.number if slot else known[-1])
        if slot and not trouble and not slots.of(slot, head):
            slot = None
            head, trouble = _head(disk, name, known[-1])
    except DiskFailure as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    kernel, kernel_name = kernels.of_name(name)
    python, highlights = head.python, highlights_of(head.packages)
    size, files = head.size or None, head.files or None
    if slot:
        records = _records(slot)
        state = read_state(slot.path)
        python = python_version(records)
        highlights = highlights_at(slot.path, records, python)
        trouble += trouble_at(slot.path, name, python, state)
        if state and state.size:
            size, files = state.size, state.files
    return Environment(
        name=name,
        prefix=slot.path if slot else disk.sealed / name,
        where="disk",
        survives=survives,
        python=python,
        size=size,
        files=files,
        kernel=kernel,
        kernel_name=kernel_name,
        created=head.created or None,
        origin=head.origin or None,
        highlights=highlights,
        trouble=trouble,
        working=working.get(name.lower()),
        state="sealed",
        version=head.number,
        newest=known[-1],
        versions=len(known),
        filled=slot is not None,
        unsaved=slot is not None and seems_unsaved(slot),
        stored=sum({layer.image: layer.size for layer in head.layers}.values()) or None,
        local_size=size if slot else None,
    )


def _head(disk: Disk, name: str, number: int) -> tuple[Version, tuple[Finding, ...]]:
    try:
        return head_of(disk.sealed / name / f"{number}.json"), ()
    except ArchiveInvalid as error:
        return Version(name, number, "", ()), (
            Finding("version", "error", error.message, error.hint),
        )


def _records(slot: slots.Slot) -> list[str]:
    try:
        return sorted(os.listdir(slot.path / "conda-meta"))
    except OSError:
        return []
