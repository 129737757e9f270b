"""Which environments there are, told from few and small files: nothing is started or counted."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from modelarts_nb.disk.heartbeat import TIMING, Sign
from modelarts_nb.disk.mounts import read_mounts
from modelarts_nb.disk.persistent import Disk, open_disk, survival
from modelarts_nb.disk.sightings import Sightings
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment, Finding
from modelarts_nb.envs.prefixes import (
    disk_prefixes,
    find_prefix,
    image_name,
    image_prefixes,
    is_environment,
    is_meta,
    listed_prefixes,
    recorded_prefix,
)
from modelarts_nb.envs.records import python_version, split_record_name
from modelarts_nb.envs.state import State, read_state
from modelarts_nb.envs.swaps import finish_swaps_soon
from modelarts_nb.errors import NotFound

__all__ = ["find_prefix", "holders", "is_environment", "list_environments", "show"]

_THREADS = 64
# What a person would name first, the most telling first; at most _SHOWN are shown.
_KNOWN = (
    "pytorch",
    "torch",
    "tensorflow",
    "mindspore",
    "jax",
    "paddlepaddle",
    "mxnet",
    "torch-npu",
    "transformers",
    "vllm",
    "deepspeed",
    "torchvision",
    "lightning",
    "keras",
    "xgboost",
    "lightgbm",
    "scikit-learn",
    "opencv-python",
    "spacy",
    "pandas",
    "polars",
    "pyspark",
    "scipy",
    "numpy",
    "matplotlib",
)
_SHOWN = 5

Where = Literal["disk", "image", "elsewhere"]


def list_environments(*, disk: Disk | None = None) -> list[Environment]:
    """All environments: the disk's first, then the image's, then others that conda remembers.

    Raises:
        DiskMissing, DiskFailure: the persistent disk cannot be read.
    """
    disk = disk or open_disk()
    finish_swaps_soon(disk)
    describe = _describer(disk)
    places: dict[Path, Where] = dict.fromkeys(disk_prefixes(disk), "disk")
    for prefix in image_prefixes(disk):
        places.setdefault(prefix, "image")
    for prefix in listed_prefixes(disk):
        places.setdefault(prefix, "elsewhere")
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(lambda item: describe(*item), places.items()))
    return [environment for environment in found if environment]


def show(name: str, *, disk: Disk | None = None) -> Environment:
    """One environment, by its name or its prefix.

    Raises:
        NotFound, NotAnEnvironment: there is none.
    """
    disk = disk or open_disk()
    prefix = find_prefix(name, disk=disk)
    where: Where = "elsewhere"
    if prefix.parent == disk.envs:
        where = "disk"
    elif prefix in image_prefixes(disk):
        where = "image"
    environment = _describer(disk)(prefix, where)
    if environment is None:
        raise NotFound(f"{prefix.name!r} was removed just now.", hint="`ma bin list` shows it.")
    return environment


def holders(disk: Disk) -> dict[str, str]:
    """Who is working on which environment, by its name in lower case."""
    try:
        names = [name for name in os.listdir(disk.locks) if name.endswith(".json")]
    except OSError:
        return {}
    sightings = Sightings(disk.local_state / "sightings.json")
    found, doubtful = {}, False
    for name in names:
        if name.startswith("."):
            continue
        path = disk.locks / name
        try:
            sign = Sign.parse(path.read_bytes())
        except OSError:
            continue
        silent = sightings.unchanged_for(f"lock {path}", sign.content)
        fate = sign.process.fate()
        doubtful |= fate not in ("alive", "dead")
        if fate == "alive" or (fate != "dead" and silent < TIMING.stale):
            since = f" (since {sign.since})" if sign.since else ""
            found[re.sub(r"(@\d+)?\.json$", "", name)] = f"{sign.who}{since}"
    if doubtful:
        sightings.save()
    return found


def _describer(disk: Disk) -> Callable[[Path, Where], Environment | None]:
    """What all environments share is read once: kernels, locks, mounts.

    Of each environment two folders are listed and one small file is read.
    """
    kernels = Kernels(disk)
    working = holders(disk)
    mounts = read_mounts()
    disk_survives = survival(disk.root, mounts).survives

    def describe(prefix: Path, where: Where) -> Environment | None:
        try:
            names = os.listdir(prefix / "conda-meta")
        except OSError:
            return None
        if not is_meta(names):
            return None
        state = read_state(prefix)
        python = python_version(names)
        kernel, kernel_name = kernels.of(prefix)
        return Environment(
            name=prefix.name if where == "disk" else image_name(prefix),
            prefix=prefix,
            where=where,
            survives=disk_survives if where == "disk" else survival(prefix, mounts).survives,
            python=python,
            size=state.size if state else None,
            files=state.files if state else None,
            kernel=kernel,
            kernel_name=kernel_name,
            created=state.created or None if state else None,
            origin=state.origin or None if state else None,
            highlights=_highlights(prefix, names, python),
            trouble=_trouble(prefix, python, state),
            working=working.get(prefix.name.lower()) if where == "disk" else None,
        )

    return describe


def _highlights(prefix: Path, names: list[str], python: str | None) -> tuple[str, ...]:
    versions = {}
    for name in names:
        package, version, _ = split_record_name(name)
        versions[package.lower()] = version
    with contextlib.suppress(OSError):
        minor = ".".join(python.split(".")[:2]) if python else ""
        for name in os.listdir(prefix / "lib" / f"python{minor}" / "site-packages"):
            if name.endswith(".dist-info"):
                package, _, version = name.removesuffix(".dist-info").partition("-")
                versions.setdefault(package.lower().replace("_", "-"), version)
    if "pytorch" in versions:
        versions.pop("torch", None)
    found = [name for name in _KNOWN if name in versions][:_SHOWN]
    return tuple(
        f"{'torch' if name == 'pytorch' else name} {_short(versions[name])}".strip()
        for name in found
    )


def _short(version: str) -> str:
    """``2.1.0+cu118`` as ``2.1``."""
    return ".".join(version.partition("+")[0].split(".")[:2])


def _trouble(prefix: Path, python: str | None, state: State | None) -> tuple[Finding, ...]:
    found = []
    if python and not os.path.exists(prefix / "bin" / "python"):
        found.append(
            Finding(
                "interpreter",
                "error",
                f"{prefix.name} has no Python that starts: bin/python is missing.",
                f"Install python again: `ma env check {prefix.name} --fix`.",
                ("bin/python",),
            )
        )
    recorded = state.prefix if state and state.prefix else recorded_prefix(prefix)
    if (
        recorded
        and recorded != str(prefix)
        and os.path.realpath(recorded) != os.path.realpath(prefix)
    ):
        found.append(
            Finding(
                "prefix",
                "error",
                f"{prefix.name} was made for {recorded} and moved by hand; its scripts start "
                "the wrong Python or none.",
                f"Rewrite the prefix in its files: `ma env check {prefix.name} --fix`.",
            )
        )
    return tuple(found)
