"""Install into and uninstall from an environment: all of it or nothing, and it can be undone.

The environment is never changed where it is. A twin of hard links is changed in staging and then
takes its place in one step; the old one goes to the bin. A running kernel keeps its old files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.scan import Entry, Tree, scan
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
from modelarts_nb.envs.bin import NOTE, entry_name, note_removal
from modelarts_nb.envs.channels import source_of
from modelarts_nb.envs.cloning import announce
from modelarts_nb.envs.engine import rattler
from modelarts_nb.envs.engine.compiled import compile_missing
from modelarts_nb.envs.engine.pip import pip_install, pip_uninstall
from modelarts_nb.envs.envfile import absolute
from modelarts_nb.envs.missing import incomplete
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan, planned
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.envs.relocate import Move
from modelarts_nb.envs.state import State, now, read_state, write_state
from modelarts_nb.envs.swap import swap_content
from modelarts_nb.envs.swaps import finish_swaps, swap
from modelarts_nb.envs.twin import changed, make_twin
from modelarts_nb.errors import UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress

_UNPACKED = 4
Apply = Callable[[Path], None]


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
        name: an environment on the persistent disk.
        specs: conda packages.
        channels: names, addresses or folders; None: those of ``.condarc``.
        pip: lines of a requirements file, for pip.
        dry_run: solve only.

    Returns:
        The environment, or with ``dry_run`` the plan. The old state is in the bin.

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
    finish_swaps(disk)
    prefix = on_disk(name, disk)
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
        return Plan(prefix.name, planned(add), planned(drop), tuple(lines))

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
            command=f"ma env install {prefix.name} {' '.join(wanted)}",
            added=add,
            removed=drop,
            update=wanted,
        )

    size = sum(int(record.get("size") or 0) for record in add) * _UNPACKED
    return _change(prefix, apply, disk, size, progress, requested=wanted)


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
    finish_swaps(disk)
    prefix = on_disk(name, disk)
    before = records(prefix)
    conda, pip = sorted_out(prefix, specs, {str(record["name"]) for record in before})
    gone = with_dependents(conda, before)
    drop = [record for record in before if record["name"] in gone]
    if dry_run:
        return Plan(prefix.name, remove=planned(drop), pip=tuple(f"-{name}" for name in pip))
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
            command=f"ma env uninstall {prefix.name} {' '.join(specs)}",
            removed=drop,
            remove=sorted(gone),
        )

    return _change(prefix, apply, disk, 0, progress, dropped=gone)


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
    finish_swaps(disk)
    prefix = on_disk(name, disk)
    before = records(prefix)
    again = incomplete(prefix, before)
    if not again:
        return announce(prefix, kernel=False, disk=disk, progress=progress)
    progress.log(f"installing {', '.join(sorted(again))} again")

    def apply(twin: Path) -> None:
        rattler.install(source_of(disk), twin, prefix, again=again, progress=progress)

    size = sum(int(r.get("size") or 0) for r in before if r["name"] in again) * _UNPACKED
    return _change(prefix, apply, disk, size, progress)


def _change(
    prefix: Path,
    apply: Apply,
    disk: Disk,
    size: int,
    progress: Progress,
    *,
    requested: Sequence[str] = (),
    dropped: Iterable[str] = (),
) -> Environment:
    require_space(disk.root, bytes=size)
    with (
        lock(disk, prefix.name, progress=progress) as held,
        staged(disk, f"change {prefix.name}") as stage,
    ):
        twin = stage.path / "content"
        original = make_twin(prefix, twin, progress=progress)
        apply(twin)
        _settle(twin, prefix, original, progress)
        _write_state(twin, prefix, requested, set(dropped))
        (twin / NOTE).unlink(missing_ok=True)
        note_removal(prefix, disk)
        progress.phase("landing")
        entry = entry_name(prefix.name)
        swap(disk, held, stage, twin, prefix, disk.bin / entry)
    progress.log(f"changed {prefix.name}; as it was before: `ma bin restore {entry} --name NAME`")
    return announce(prefix, kernel=False, disk=disk, progress=progress)


def _settle(twin: Path, final: Path, original: Tree, progress: Progress) -> None:
    """Make what is new in the twin true at the final prefix, and compile it."""
    compile_missing(twin, final, progress=progress)
    tree = scan(twin, progress=progress)
    fresh = changed(original, tree)
    move = Move(twin, [str(twin), os.path.realpath(twin)], final, progress=progress)
    progress.phase("rewriting", files=len(fresh))
    try:
        for entry in fresh:
            progress.check()
            _rewrite(twin, entry, move)
            progress.advance(files=1)
        move.finish(tree, twin)
    except OSError as error:
        raise from_os_error(error, "rewriting the prefix", twin) from error


def _rewrite(twin: Path, entry: Entry, move: Move) -> None:
    path = twin / entry.path
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        new = move.content(entry, fd)
    finally:
        os.close(fd)
    if new is not None:
        swap_content(path, new)


def _write_state(twin: Path, prefix: Path, requested: Sequence[str], dropped: set[str]) -> None:
    tree = scan(twin)
    state = read_state(twin) or State(prefix=str(prefix), created=now())
    names = {history.spec_name(spec) for spec in requested} | dropped
    kept = [spec for spec in state.requested if history.spec_name(spec) not in names]
    write_state(
        twin,
        replace(
            state,
            prefix=str(prefix),
            size=tree.bytes,
            files=tree.files,
            requested=(*kept, *requested),
        ),
    )
