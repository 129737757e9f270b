"""Which folder an environment's name or path means, and which prefix its files speak of."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.sealed.names import copy_of, find_sealed, slot_at
from modelarts_nb.envs.sealed.versions import sealed_names
from modelarts_nb.envs.shebangs import interpreter_of
from modelarts_nb.envs.state import STATE, read_state
from modelarts_nb.errors import NotAnEnvironment, NotFound, from_os_error

# Folders of a base environment that hold other environments and downloads, not its own files.
BESIDE = ("envs", "pkgs", "conda-bld")
_ROOT_NAMES = ("anaconda3", "miniconda3", "miniforge3", "mambaforge")


def is_environment(path: Path) -> bool:
    """Is there a conda environment at ``path``: records or a history that conda would know?"""
    try:
        return is_meta(os.listdir(path / "conda-meta"))
    except OSError:
        return False


def is_meta(names: list[str]) -> bool:
    """Are these the names in the ``conda-meta`` of an environment?"""
    return "history" in names or any(name.endswith(".json") for name in names)


def is_base(prefix: Path) -> bool:
    """Is this the environment that conda itself lives in, with others inside?"""
    return (prefix / "condabin").is_dir() or (prefix / "pkgs" / "urls.txt").is_file()


def beside(prefix: Path) -> tuple[str, ...]:
    """Names of the folders in ``prefix`` that are not part of the environment."""
    return BESIDE if is_base(prefix) else ()


def left_behind(prefix: Path, disk: Disk) -> frozenset[str]:
    """What of ``prefix`` goes into no copy of it: our own notes, which are true of this place only,
    and what lies in it but is not of it.

    Returns:
        Paths relative to ``prefix``.
    """
    found = {*beside(prefix), os.path.dirname(STATE)}
    # A conda installed on the disk may have the disk's own folders below its prefix.
    for folder in (disk.private, disk.envs, disk.archives):
        if folder.is_relative_to(prefix):
            found.add(folder.relative_to(prefix).as_posix())
    return frozenset(found)


def disk_prefixes(disk: Disk) -> list[Path]:
    """The folders of the envs dir that may be environments, by name.

    Raises:
        DiskFailure: the envs dir cannot be read.
    """
    try:
        with os.scandir(disk.envs) as found:
            names = [e.name for e in found if not e.name.startswith(".") and e.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "reading the envs dir", disk.envs) from error
    return [disk.envs / name for name in sorted(names, key=str.lower)]


def taken_names(disk: Disk) -> list[str]:
    """Names that a new environment cannot have: whatever lies under them, or has versions.

    Raises:
        DiskFailure: the envs dir, or the folder of the sealed environments, cannot be read.
    """
    versioned = sealed_names(disk)
    try:
        return list(dict.fromkeys([*os.listdir(disk.envs), *versioned]))
    except FileNotFoundError:
        return versioned
    except OSError as error:
        raise from_os_error(error, "reading the envs dir", disk.envs) from error


def image_prefixes(disk: Disk) -> list[Path]:
    """Environments of the container's image: conda's own and those in its ``envs`` folder."""
    found: dict[Path, None] = {}
    for root in _conda_roots(disk):
        if is_environment(root):
            found.setdefault(root)
        for folder in (root / "envs", root):
            try:
                names = sorted(os.listdir(folder))
            except OSError:
                continue
            for name in names:
                if is_environment(folder / name):
                    found.setdefault(folder / name)
    return [p for p in found if not _is_ours(p, disk)]


def listed_prefixes(disk: Disk) -> list[Path]:
    """The environments that conda remembers (``~/.conda/environments.txt``) and that exist."""
    try:
        lines = (disk.home / ".conda" / "environments.txt").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
    paths = [Path(line.strip()) for line in lines if line.strip().startswith("/")]
    outside = [p for p in paths if not _is_ours(p, disk)]
    return [path for path in dict.fromkeys(outside) if is_environment(path)]


def _is_ours(path: Path, disk: Disk) -> bool:
    """Is it on the disk, or a local copy of what is? Those have names of their own."""
    places = (disk.envs, disk.private, disk.run, disk.home / ".ma")
    return any(path.is_relative_to(place) for place in places)


def name_of(prefix: Path, disk: Disk) -> str:
    """What the environment at ``prefix`` is called, be that in the envs dir, a local copy, or
    anywhere else."""
    if prefix.parent == disk.envs:
        return prefix.name
    slot = slot_at(prefix, disk)
    return slot.name if slot else image_name(prefix)


def image_name(prefix: Path) -> str:
    """What conda calls an environment outside the envs dir: ``base`` or its folder's name."""
    return "base" if is_base(prefix) else prefix.name


def find_prefix(source: str, *, disk: Disk | None = None) -> Path:
    """The prefix that ``source`` means: a name on the disk, a name in the image, else a path.
    That of a sealed environment is where it is on the local disk.

    Raises:
        NotFound: there is nothing of this name or at this path.
        NotFilled: it is sealed and not on the local disk.
        NotAnEnvironment: there is a folder, but conda knows no environment in it.
    """
    disk = disk or open_disk()
    if not source or "\0" in source:
        raise NotFound("No environment is named.", hint="`ma env list` shows all there are.")
    if "/" in source or source in (".", "..") or source.startswith("~"):
        return _checked(Path(os.path.abspath(Path(source).expanduser())))
    same = [p for p in disk_prefixes(disk) if p.name.lower() == source.lower()]
    exact = [p for p in same if p.name == source]
    if same:
        return _checked((exact or same)[0])
    if sealed := find_sealed(source, disk):
        return copy_of(sealed, disk)
    for prefix in [*image_prefixes(disk), *listed_prefixes(disk)]:
        if image_name(prefix) == source:
            return prefix
    raise NotFound(
        f"There is no environment called {source!r}.",
        hint="`ma env list` shows all there are; a path works too.",
    )


def on_disk(name: str, disk: Disk) -> Path:
    """The prefix of an environment in the envs dir, for what may only be done to these.

    Raises:
        NotFound: no folder of this name is there.
        NotAnEnvironment: the folder is not an environment.
    """
    for prefix in disk_prefixes(disk):
        if name in (prefix.name, str(prefix)):
            return _checked(prefix)
    raise NotFound(
        f"There is no environment called {name!r} on the persistent disk.",
        hint="`ma env list` shows all there are.",
    )


def spellings(prefix: Path) -> list[str]:
    """Every prefix that files of the environment at ``prefix`` may speak of: as it was given,
    with links resolved, and the place it was made for when somebody moved it by hand."""
    found = dict.fromkeys([str(prefix), str(prefix.resolve())])
    recorded = recorded_prefix(prefix)
    if recorded and not prefix.is_relative_to(recorded):
        found.setdefault(recorded)
    return list(found)


def recorded_prefix(prefix: Path) -> str | None:
    """The prefix that the environment's own files name (state, else pip's first line)."""
    state = read_state(prefix)
    if state and state.prefix.startswith("/"):
        return state.prefix
    for script in ("pip", "pip3"):
        try:
            with open(prefix / "bin" / script, "rb") as file:
                interpreter = interpreter_of(file.read(1024))
        except OSError:
            continue
        if interpreter:
            named = Path(os.fsdecode(interpreter.rpartition(b"/bin/")[0]))
            # A pip that the system's Python runs says nothing about this environment.
            return str(named) if not named.exists() or is_environment(named) else None
    return None


def _checked(prefix: Path) -> Path:
    if is_environment(prefix):
        return prefix
    if not os.path.lexists(prefix):
        raise NotFound(
            f"There is no environment at {prefix}.", hint="`ma env list` shows all there are."
        )
    if (prefix / "pyvenv.cfg").is_file():
        raise NotAnEnvironment(
            f"{prefix} is a virtual environment of Python, not a conda environment.",
            hint="Make one with `ma env create NAME` and install the same packages into it.",
        )
    raise NotAnEnvironment(
        f"{prefix} is not a conda environment: it has no conda-meta folder with records.",
        hint="Name the folder that holds bin/ and conda-meta/; `ma env list` shows all there are.",
    )


def _conda_roots(disk: Disk) -> list[Path]:
    """Folders that hold environments, as the settings and conda's own variables name them."""
    settings = config.Environments(config=config.load())
    roots = [Path(folder).expanduser() for folder in settings.image_envs]
    if program := os.environ.get("CONDA_EXE"):
        roots.append(Path(program).parent.parent)
    active = [v for k, v in os.environ.items() if k == "CONDA_PREFIX" or k[:13] == "CONDA_PREFIX_"]
    for prefix in map(Path, active):
        roots.append(prefix.parent.parent if prefix.parent.name == "envs" else prefix)
    roots += [disk.home / name for name in _ROOT_NAMES]
    # Somebody else's root is still found through one of its environments.
    roots += [p.parent.parent for p in listed_prefixes(disk) if p.parent.name == "envs"]
    absolute = [root for root in roots if root.is_absolute() and root.is_dir()]
    return list(dict.fromkeys(absolute))
