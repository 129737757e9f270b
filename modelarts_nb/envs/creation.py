"""Create: an environment from packages, an ``environment.yml`` or an exact list."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelarts_nb import config
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.scan import scan
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.staging import land, staged
from modelarts_nb.envs import history
from modelarts_nb.envs.announcing import announce
from modelarts_nb.envs.building import bring, building_place
from modelarts_nb.envs.channels import source_of
from modelarts_nb.envs.engine import conda, rattler
from modelarts_nb.envs.engine.compiled import compile_missing, drop_naming
from modelarts_nb.envs.engine.pip import pip_install
from modelarts_nb.envs.engine.rattler import Source
from modelarts_nb.envs.envfile import read_envfile
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.plan import Plan, planned
from modelarts_nb.envs.prefixes import taken_names
from modelarts_nb.envs.records import read_record, record_names
from modelarts_nb.envs.relocate import leftovers, relocate
from modelarts_nb.envs.state import State, now, write_state
from modelarts_nb.envs.swaps import finish_swaps
from modelarts_nb.envs.unfinished import unfinished
from modelarts_nb.errors import ModelArtsNbError, Unsolvable, UsageError
from modelarts_nb.progress import SILENT, Progress

# Packages unpack to about four times the size of their download.
_UNPACKED = 4
_POST_LINK = re.compile(r"^\.(.+)-post-link\.sh$")


@dataclass(frozen=True)
class _Request:
    """What the user asked for, from options and file together."""

    specs: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    folder: Path = field(default_factory=Path)
    variables: dict[str, str] = field(default_factory=dict)
    explicit: bool = False
    origin: str = ""


def create(
    name: str,
    *,
    specs: list[str] | None = None,
    file: str | None = None,
    python: str | None = None,
    channels: list[str] | None = None,
    engine: str = "rattler",
    kernel: bool | None = None,
    dry_run: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment | Plan:
    """Make the environment ``name`` on the persistent disk.

    Args:
        name: the new environment's.
        specs: packages as conda spells them (``numpy=1.26``), or addresses of packages.
        file: an ``environment.yml`` (its pip section counts), or an ``@EXPLICIT`` list as
            ``export(format="lock")`` writes it; ``specs`` come in addition.
        python: a version, as in ``3.11``.
        channels: names, addresses or folders; None: the file's, else those of ``.condarc``.
        engine: ``rattler`` (needs no conda) or ``conda`` (the one that is installed).
        kernel: add ipykernel and register a kernel; None: as the settings say.
        dry_run: solve only.

    Returns:
        The new environment, or with ``dry_run`` the plan.

    Raises:
        UsageError: a spec that is none, or nothing is asked for.
        InvalidName, NameTaken: the name cannot be used.
        NotFound, ConfigInvalid: the file, or a ``.condarc``, is missing or wrong.
        Unsolvable: no packages satisfy the request; says which spec it is about.
        NetworkUnavailable: a channel, or pip's index, cannot be reached.
        EngineFailed: rattler, conda or pip failed; the cause holds their words.
        Busy, DiskFull, DiskFailure, AccessDenied, Cancelled: nothing is left behind.
    """
    disk = disk or open_disk()
    if engine not in ("rattler", "conda"):
        raise UsageError(f"There is no engine {engine!r}.", hint="Use rattler or conda.")
    finish_swaps(disk)
    check_free(name, taken_names(disk))
    wanted = config.Environments(config=config.load()).kernel if kernel is None else kernel
    request = _request(specs or [], file, python, channels or [], kernel=wanted)
    source = source_of(disk, request.channels)
    records = [] if engine == "conda" else _solve(request, source, kernel=wanted, progress=progress)
    if dry_run:
        adds = planned(records) if records else planned({"name": s} for s in request.specs)
        return Plan(name, add=adds, pip=request.pip)
    size = sum(int(record.get("size") or 0) for record in records) * _UNPACKED
    require_space(disk.root, bytes=size)
    final = disk.envs / name
    with unfinished(disk, name, kernel=wanted) as note:
        with lock(disk, name, progress=progress):
            check_free(name, taken_names(disk))
            with (
                staged(disk, f"create {name}") as stage,
                building_place(disk, stage, bytes=size) as place,
            ):
                if engine == "conda":
                    conda.conda_create(
                        place,
                        request.specs,
                        channels=request.channels,
                        explicit=request.explicit,
                        home=disk.home,
                        progress=progress,
                    )
                else:
                    rattler.install(
                        source,
                        place,
                        final,
                        records=records,
                        requested=() if request.explicit else request.specs,
                        progress=progress,
                    )
                if request.pip:
                    # pip starts faster, and whatever it starts needs nothing compiled.
                    compile_missing(place, final, progress=progress)
                    pip_install(
                        place,
                        request.pip,
                        folder=request.folder,
                        network=source.environment,
                        progress=progress,
                    )
                _complete(place, final, request, engine, progress)
                content = bring(place, stage, progress=progress)
                note.mark(content)
                progress.phase("landing")
                land(stage, content, final)
        progress.log(f"created {name}")
        return announce(final, kernel=wanted, note=note, disk=disk, progress=progress)


def _request(
    specs: Sequence[str],
    file: str | None,
    python: str | None,
    channels: Sequence[str],
    *,
    kernel: bool,
) -> _Request:
    request = _Request(folder=Path.cwd())
    if file is not None:
        found = read_envfile(file)
        request = _Request(
            found.specs,
            found.channels,
            found.pip,
            found.path.parent,
            found.variables,
            found.explicit,
            str(found.path),
        )
    wanted = [*request.specs, *specs]
    if python is not None:
        if not re.fullmatch(r"[0-9][0-9A-Za-z.*]*", python):
            raise UsageError(f"{python!r} is not a version of Python.", hint="Write 3.11.")
        wanted.append(f"python={python}")
    names = {history.spec_name(spec) for spec in wanted}
    if not request.explicit:
        if kernel and "ipykernel" not in names:
            wanted.append("ipykernel")
        if request.pip and "pip" not in names:
            wanted.append("pip")
    if not wanted:
        raise UsageError(
            "Nothing was asked for.", hint="Name packages, --python VERSION or --file FILE."
        )
    # What is named on the command line counts instead of the file's, in its order.
    return replace(
        request, specs=tuple(wanted), channels=tuple(channels) or tuple(request.channels)
    )


def _solve(
    request: _Request, source: Source, *, kernel: bool, progress: Progress
) -> list[dict[str, Any]]:
    try:
        return rattler.solve(source, request.specs, progress=progress)
    except Unsolvable as error:
        if kernel and "ipykernel" in error.message:
            error.hint += " Without a kernel it is not needed: --no-kernel."
        raise


def _complete(place: Path, final: Path, request: _Request, engine: str, progress: Progress) -> None:
    """Everything that an engine does not do: the place must not show, the notes must be there."""
    places = list(dict.fromkeys([str(place), os.path.realpath(place)]))
    if engine == "conda" or request.pip:
        relocate(place, places, final, progress=progress)
    if engine == "rattler":
        compile_missing(place, final, progress=progress)
        added = [read_record(place, record) for record in record_names(place)]
        (place / history.HISTORY).unlink(missing_ok=True)
        history.append(
            place,
            command=f"ma env create {final.name}",
            added=added,
            update=() if request.explicit else request.specs,
        )
    else:
        drop_naming(place, places)
        compile_missing(place, final, progress=progress)
    if request.variables:
        _write_variables(place, request.variables)
    for path in leftovers(place, places, final=final, progress=progress):
        progress.log(f"{path} names the place it was built at, in a form that cannot be changed")
    if engine == "rattler":
        _report_scripts(place, progress)
    tree = scan(place, progress=progress)
    write_state(
        place,
        State(
            prefix=str(final),
            created=now(),
            origin=request.origin,
            size=tree.bytes,
            files=tree.files,
            engine=engine,
            requested=() if request.explicit else request.specs,
        ),
    )


def _write_variables(place: Path, variables: dict[str, str]) -> None:
    """The file from which ``conda activate`` takes an environment's variables."""
    path = place / "conda-meta" / "state"
    try:
        path.write_text(json.dumps({"env_vars": variables, "version": 1}), "utf-8")
    except OSError as error:
        raise ModelArtsNbError("The variables cannot be written.", cause=str(error)) from error


def _report_scripts(place: Path, progress: Progress) -> None:
    """A package's post-link script is not run: it would run with the staging place as prefix."""
    try:
        names = sorted(os.listdir(place / "bin"))
    except OSError:
        return
    for name in names:
        if match := _POST_LINK.match(name):
            progress.log(f"{match[1]} has a post-link script, which was not run: bin/{name}")
