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
    listed_prefixes,
    recorded_prefix,
)
from modelarts_nb.envs.records import (
    python_version,
    record_names,
    site_packages,
    split_record_name,
)
from modelarts_nb.envs.state import read_state

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
    describe = _describer(disk)
    with ThreadPoolExecutor(_THREADS) as pool:
        mine = pool.map(lambda p: p if is_environment(p) else None, disk_prefixes(disk))
        places: dict[Path, Where] = {p: "disk" for p in mine if p}
        for prefix in image_prefixes(disk):
            places.setdefault(prefix, "image")
        for prefix in listed_prefixes(disk):
            places.setdefault(prefix, "elsewhere")
        return list(pool.map(lambda item: describe(*item), places.items()))


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
    return _describer(disk)(prefix, where)


def holders(disk: Disk) -> dict[str, str]:
    """Who is working on which environment, by its name in lower case."""
    try:
        names = [name for name in os.listdir(disk.locks) if name.endswith(".json")]
    except OSError:
        return {}
    sightings = Sightings(disk.local_state / "sightings.json")
    found = {}
    for name in names:
        if name.startswith("."):
            continue
        path = disk.locks / name
        try:
            sign = Sign.parse(path.read_bytes())
        except OSError:
            continue
        silent = sightings.unchanged_for(f"lock {path}", sign.content)
        if sign.process.fate() != "dead" and silent < TIMING.stale:
            since = f" (since {sign.since})" if sign.since else ""
            found[re.sub(r"(@\d+)?\.json$", "", name)] = f"{sign.who}{since}"
    if names:
        with contextlib.suppress(OSError):
            sightings.save()
    return found


def _describer(disk: Disk) -> Callable[[Path, Where], Environment]:
    """What all environments share is read once: kernels, locks, mounts."""
    kernels = Kernels(disk)
    working = holders(disk)
    mounts = read_mounts()
    disk_survives = survival(disk.root, mounts).survives

    def describe(prefix: Path, where: Where) -> Environment:
        names = record_names(prefix)
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
            trouble=_trouble(prefix, python),
            working=working.get(prefix.name.lower()) if where == "disk" else None,
        )

    return describe


def _highlights(prefix: Path, names: list[str], python: str | None) -> tuple[str, ...]:
    versions = {}
    for name in names:
        package, version, _ = split_record_name(name)
        versions[package.lower()] = version
    site = site_packages(prefix, python)
    with contextlib.suppress(OSError):
        for name in os.listdir(site) if site else ():
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


def _trouble(prefix: Path, python: str | None) -> tuple[Finding, ...]:
    found = []
    if python and not os.path.exists(prefix / "bin" / "python"):
        found.append(
            Finding(
                "interpreter",
                "error",
                f"{prefix.name} has no Python that starts: bin/python is missing.",
                "Install python into it again.",
                ("bin/python",),
            )
        )
    recorded = recorded_prefix(prefix)
    if recorded and os.path.realpath(recorded) != os.path.realpath(prefix):
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
