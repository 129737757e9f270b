"""Install into and uninstall from an environment: all of it or nothing, and it can be undone.

The environment is never changed where it is. A twin of hard links is changed in staging and then
takes its place in one step; the old one goes to the bin. A running kernel keeps its old files. Of a
sealed one that happens to its local copy, and what it was before is a version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs import history
from modelarts_nb.envs.affected import (
    difference,
    pin,
    records,
    sorted_out,
    with_dependents,
)
from modelarts_nb.envs.announcing import announce
from modelarts_nb.envs.bin import NOTE, entry_name, note_removal
from modelarts_nb.envs.channels import source_of
from modelarts_nb.envs.engine import rattler
from modelarts_nb.envs.engine.pip import pip_install, pip_uninstall
from modelarts_nb.envs.envfile import absolute
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.missing import incomplete
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan, planned
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.envs.sealed.changing import change_copy
from modelarts_nb.envs.sealed.localcopy import local_copy
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.settling import note_requests, settle
from modelarts_nb.envs.swaps import finish_swaps, swap
from modelarts_nb.envs.twin import make_twin
from modelarts_nb.errors import UsageError
from modelarts_nb.progress import SILENT, Progress

_UNPACKED = 4
Apply = Callable[[Path], None]


@dataclass(frozen=True)
class _Place:
    """Where an environment is changed; ``slot``: it is sealed, and this its local copy."""

    name: str
    prefix: Path
    slot: Slot | None = None


def install(
    name: str,
    *,
    specs: list[str] | None = None,
    channels: list[str] | None = None,
    pip: list[str] | None = None,
    dry_run: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment | Plan:
    """Install packages into the environment ``name``.

    What is installed stays, in its version where that is possible; Python keeps its minor version
    unless it is asked for. A package that is asked for and misses files is installed again.

    Args:
        name: an environment on the persistent disk; of a sealed one the local copy is changed.
        specs: conda packages.
        channels: names, addresses or folders; None: those of ``.condarc``.
        pip: lines of a requirements file, for pip.
        dry_run: solve only.

    Returns:
        The environment, or with ``dry_run`` the plan. The old state is in the bin, of a sealed one
        in its version.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment on the disk.
        UsageError: a spec that is none, or nothing is asked for.
        Unsolvable, NetworkUnavailable, EngineFailed, ConfigInvalid: as ``create``.
        Busy, DiskFull, DiskFailure, AccessDenied, Cancelled: the environment is as it was.
    """
    disk = disk or open_disk()
    wanted, lines = list(specs or []), [absolute(line, Path.cwd()) for line in pip or []]
    if not wanted and not lines:
        raise UsageError("Nothing was asked for.", hint="`ma env install NAME PACKAGE`")
    place = _find(name, disk, progress)
    prefix = place.prefix
    source = source_of(disk, channels or [])
    before = records(prefix)
    after, names = before, list[str]()
    if wanted:
        names = rattler.names_of(wanted, source, progress)
        keep = [pin(record) for record in before if record["name"] not in names]
        after = rattler.solve(source, [*wanted, *keep], prefix=prefix, progress=progress)
    add, drop = difference(before, after)
    stay = [record for record in before if record["name"] in names and record not in drop]
    again = incomplete(prefix, stay)
    add += [record for record in stay if record["name"] in again]
    if dry_run:
        return Plan(place.name, planned(add), planned(drop), tuple(lines))

    def apply(twin: Path) -> None:
        if wanted:
            rattler.install(
                source,
                twin,
                prefix,
                records=after,
                again=again,
                requested=wanted,
                progress=progress,
            )
        if lines:
            pip_install(
                twin, lines, folder=Path.cwd(), network=source.environment, progress=progress
            )
        history.append(
            twin,
            command=f"ma env install {place.name} {' '.join(wanted)}",
            added=add,
            removed=drop,
            update=wanted,
        )

    size = sum(int(record.get("size") or 0) for record in add) * _UNPACKED
    return _change(place, apply, disk, size, progress, requested=wanted)


def uninstall(
    name: str,
    *,
    specs: list[str],
    dry_run: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment | Plan:
    """Remove packages, conda's or pip's, and the conda packages that need them.

    Args:
        name: an environment on the persistent disk.
        specs: names of packages.
        dry_run: only say what would be removed.

    Returns:
        The environment, or with ``dry_run`` the plan. The old state is in the bin.

    Raises:
        NotFound: there is no such environment, or a package is not in it.
        Others: as ``install``.
    """
    disk = disk or open_disk()
    if not specs:
        raise UsageError("Nothing was asked for.", hint="`ma env uninstall NAME PACKAGE`")
    place = _find(name, disk, progress)
    prefix = place.prefix
    before = records(prefix)
    conda, pip = sorted_out(prefix, specs, {str(record["name"]) for record in before})
    gone = with_dependents(conda, before)
    drop = [record for record in before if record["name"] in gone]
    if dry_run:
        return Plan(place.name, remove=planned(drop), pip=tuple(f"-{name}" for name in pip))
    for record in drop:
        if record["name"] not in conda:
            progress.log(f"{record['name']} needs it and goes too")

    def apply(twin: Path) -> None:
        # pip first: it cannot run any more when Python is among what goes.
        if pip:
            pip_uninstall(twin, pip, progress=progress)
        if gone:
            rattler.install(source_of(disk), twin, prefix, without=sorted(gone), progress=progress)
        history.append(
            twin,
            command=f"ma env uninstall {place.name} {' '.join(specs)}",
            removed=drop,
            remove=sorted(gone),
        )

    return _change(place, apply, disk, 0, progress, dropped=gone)


def reinstall(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Environment:
    """Install the conda packages again of which files are missing, in the same version.

    Args:
        name: an environment on the persistent disk.

    Returns:
        The environment. The old state is in the bin, unless nothing was missing.

    Raises:
        NetworkUnavailable, EngineFailed: a package cannot be got from where it came.
        Others: as ``install``.
    """
    disk = disk or open_disk()
    place = _find(name, disk, progress)
    prefix = place.prefix
    before = records(prefix)
    again = incomplete(prefix, before)
    if not again:
        return show(place.name, disk=disk)
    progress.log(f"installing {', '.join(sorted(again))} again")

    def apply(twin: Path) -> None:
        rattler.install(source_of(disk), twin, prefix, again=again, progress=progress)

    size = sum(int(r.get("size") or 0) for r in before if r["name"] in again) * _UNPACKED
    return _change(place, apply, disk, size, progress)


def _find(name: str, disk: Disk, progress: Progress) -> _Place:
    if sealed := find_sealed(name, disk):
        slot = local_copy(sealed, disk, progress)
        return _Place(sealed, slot.path, slot)
    finish_swaps(disk)
    prefix = on_disk(name, disk)
    return _Place(prefix.name, prefix)


def _change(
    place: _Place,
    apply: Apply,
    disk: Disk,
    size: int,
    progress: Progress,
    *,
    requested: Sequence[str] = (),
    dropped: Iterable[str] = (),
) -> Environment:
    if place.slot:
        return change_copy(
            place.slot,
            apply,
            size=size,
            requested=requested,
            dropped=dropped,
            disk=disk,
            progress=progress,
        )
    prefix = place.prefix
    require_space(disk.root, bytes=size)
    with (
        lock(disk, prefix.name, progress=progress) as held,
        staged(disk, f"change {prefix.name}") as stage,
    ):
        twin = stage.path / "content"
        original = make_twin(prefix, twin, progress=progress)
        apply(twin)
        settle(twin, prefix, original, progress)
        note_requests(twin, prefix, requested, dropped)
        (twin / NOTE).unlink(missing_ok=True)
        note_removal(prefix, disk)
        progress.phase("landing")
        entry = entry_name(prefix.name)
        swap(disk, held, stage, twin, prefix, disk.bin / entry)
    progress.log(
        f"changed {prefix.name}; `ma env undo {prefix.name}` takes it back; as it was before, by "
        f"another name: `ma bin restore {entry} --name NAME`"
    )
    return announce(prefix, kernel=False, disk=disk, progress=progress)
