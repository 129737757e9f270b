"""Where an environment can run, as its packages say: platform, C library, accelerator."""

from __future__ import annotations

import os
import platform as machine
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelarts_nb.envs.archive.recorded import platform_here
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.records import python_version, record_names, site_packages

_THREADS = 16
_SUBDIR = re.compile(rb'"subdir"\s*:\s*"([a-z0-9]+-[a-z0-9]+)"')
_CONDA_GLIBC = re.compile(rb'"__glibc\s*>=\s*(\d+\.\d+)')
_WHEEL_TAG = re.compile(rb"^Tag: *\S*?-(manylinux\S*) *\r?$", re.MULTILINE)
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_")
# Before PEP 600 the tags were names (PEP 513, 571, 599).
_NAMED = {"manylinux1_": (2, 5), "manylinux2010_": (2, 12), "manylinux2014_": (2, 17)}
_ARCHES = {"64": "x86_64", "32": "i686", "aarch64": "aarch64", "arm64": "arm64"}

_CUDA = re.compile(
    r"cudatoolkit|cuda-(version|toolkit|runtime|cudart).*|pytorch-cuda|pytorch-gpu|cupy.*|cudnn"
    r"|nvidia-(?!ml-py).*|(tensorflow|paddlepaddle|mindspore|onnxruntime|faiss)-gpu.*"
)
_ASCEND = re.compile(r"torch-npu|mindspore-ascend|te|hccl|hccl-parser|op-compile-tool")

Glibc = tuple[int, int]


@dataclass(frozen=True)
class Facts:
    """``platform`` as conda names it, ``arch`` as ``uname -m`` does; ``glibc`` the oldest C library
    that runs it (``"2.17"``; empty: any); ``accelerator`` what it was built for."""

    platform: str
    arch: str
    glibc: str
    accelerator: Literal["cpu", "cuda", "ascend"]


def of(prefix: Path, packages: Sequence[Package]) -> Facts:
    """What the environment at ``prefix`` needs.

    The C library is what conda's packages ask for as ``__glibc`` (a virtual package) and what the
    tags of wheels name (https://peps.python.org/pep-0600/). What cannot be read says nothing.

    Args:
        prefix: the environment.
        packages: what is installed in it.
    """
    names = record_names(prefix)
    texts = _read(prefix / "conda-meta" / name for name in names)
    subdirs = [found[1].decode() for text in texts if (found := _SUBDIR.search(text))]
    platform = next((name for name in subdirs if name != "noarch"), platform_here())
    needed = [_version(found.decode()) for text in texts for found in _CONDA_GLIBC.findall(text)]
    site = site_packages(prefix, python_version(names))
    infos = _wheels(site) if site else []
    needed += [glibc for text in _read(infos) if (glibc := _of_wheel(text))]
    glibc = max(needed, default=None)
    return Facts(
        platform,
        _ARCHES.get(platform.partition("-")[2], machine.machine()),
        f"{glibc[0]}.{glibc[1]}" if glibc else "",
        _accelerator(packages, site),
    )


def _wheels(site: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(site))
    except OSError:
        return []
    return [site / name / "WHEEL" for name in names if name.endswith(".dist-info")]


def _of_wheel(text: bytes) -> Glibc | None:
    """One wheel may have several tags: it runs where any of them does."""
    found = []
    for tag in _WHEEL_TAG.findall(text):
        name = tag.decode("utf-8", "replace")
        if match := _MANYLINUX.match(name):
            found.append((int(match[1]), int(match[2])))
        found += [glibc for start, glibc in _NAMED.items() if name.startswith(start)]
    return min(found, default=None)


def _accelerator(
    packages: Sequence[Package], site: Path | None
) -> Literal["cpu", "cuda", "ascend"]:
    if site and any((site / "mindspore" / "lib" / "plugin").glob("ascend*")):
        return "ascend"
    if any(_ASCEND.fullmatch(package.name.lower()) for package in packages):
        return "ascend"
    for package in packages:
        local = package.version.partition("+")[2]
        if (
            _CUDA.fullmatch(package.name.lower().replace("_", "-"))
            or re.match(r"cu(da)?\d", local)
            or "cuda" in package.build
        ):
            return "cuda"
    return "cpu"


def _version(text: str) -> Glibc:
    major, minor = text.split(".")
    return int(major), int(minor)


def _read(paths: Iterable[Path]) -> list[bytes]:
    def one(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError:
            return b""

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(one, paths))
