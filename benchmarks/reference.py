"""Reference environments, made from this machine's CPython and from wheels.

``small`` is about 6,000 files and 220 MB, all conda packages. ``big`` is about 45,000 files and
3.5 GB in the shape of the source document's own example: some twenty conda packages, everything
else from pip. They are built once and kept in the cache folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools import say
from tests.channel import build, fixtures, images
from tests.channel.cpython import find_pythons
from tests.channel.wheels import download, make_from_wheel, read_wheel

_MINOR = "3.11"
_TRAPS = list(fixtures.TRAPS)
#: Wheels that become conda packages of the channel, beyond those of the tests.
_CHANNEL_EXTRA = ["scipy<2"]
_SMALL = [f"python={_MINOR}", "pip", "numpy", "scipy", *_TRAPS]
_BIG_CONDA = [f"python={_MINOR}", "pip", "setuptools", "wheel", "ipykernel", "numpy", *_TRAPS]
_BIG_PIP = [
    "torch==2.13.0",
    "nvidia-cublas-cu12",
    "nvidia-cudnn-cu12",
    "pandas",
    "scikit-learn",
    "matplotlib",
]


@dataclass(frozen=True)
class Reference:
    """One environment to measure with."""

    name: str
    prefix: Path
    channel: Path
    specs: tuple[str, ...]
    files: int
    folders: int
    bytes: int

    @property
    def described(self) -> str:
        """In words, for the report."""
        size = f"{self.bytes / 1e9:.1f} GB" if self.bytes > 1e9 else f"{self.bytes / 1e6:.0f} MB"
        return f"**{self.name}**: {self.files:,} files, {self.folders:,} folders, {size}"


def small(cache: Path) -> Reference:
    """The small one, built when it is not there."""
    channel = _channel(cache)
    prefix = cache / "reference" / "small"
    if not prefix.exists():
        say("building the small reference environment")
        _install(channel, prefix, _SMALL)
    return _described("small", prefix, channel, _SMALL)


def big(cache: Path) -> Reference:
    """The big one, built when it is not there (some minutes and 8 GB on the way)."""
    channel = _channel(cache)
    prefix = cache / "reference" / "big"
    if not prefix.exists():
        say("building the big reference environment (some minutes)")
        unfinished = prefix.with_name("big-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _install(channel, unfinished, _BIG_CONDA)
        # No script of it is ever started from here, so that it says another prefix is no matter
        # to pip; a clone has to correct one more prefix.
        pip = [str(unfinished / "bin/python"), "-I", "-m", "pip", "install", "--no-cache-dir", "-q"]
        subprocess.run([*pip, "--no-warn-script-location", *_BIG_PIP], check=True)
        unfinished.rename(prefix)
    return _described("big", prefix, channel, _BIG_CONDA)


def _channel(cache: Path) -> Path:
    """The channel of the tests and some larger packages."""
    channel = cache / "channel"
    if channel.exists():
        return channel
    tests = fixtures._CACHE / f"channel-{build.fingerprint()}" / "channel"
    if not tests.exists():
        say("building the channel (a minute)")
        subprocess.run([sys.executable, build.__file__, str(tests)], check=True)
    say("adding larger packages to the channel")
    work = cache / "channel-unfinished"
    shutil.rmtree(work, ignore_errors=True)
    for package in tests.glob("*/*.conda"):
        target = work / "channel" / package.parent.name / package.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package, target)
    python = find_pythons()[_MINOR] / f"bin/python{_MINOR}"
    for path in download(python, _CHANNEL_EXTRA, work / "wheels"):
        wheel = read_wheel(path)
        if not any((work / "channel").glob(f"*/{wheel.name}-*.conda")):
            make_from_wheel(wheel, work / "trees" / path.stem, [_MINOR]).write(work / "channel")
    subprocess.run([sys.executable, "-c", _INDEX, str(work / "channel")], check=True)
    (work / "channel").rename(channel)
    shutil.rmtree(work)
    return channel


# A program of its own: py-rattler may abort at exit, when all is written.
_INDEX = """
import asyncio, os, pathlib, sys
from rattler.index import index_fs
asyncio.run(index_fs(pathlib.Path(sys.argv[1]), write_zst=False, write_shards=False))
os._exit(0)
"""


def _install(channel: Path, prefix: Path, specs: list[str]) -> None:
    command = [sys.executable, images.__file__, channel.as_uri(), str(prefix), *specs]
    subprocess.run(command, check=True, capture_output=True)


def _described(name: str, prefix: Path, channel: Path, specs: list[str]) -> Reference:
    files = folders = size = 0
    for folder, inside, names in os.walk(prefix):
        folders += len(inside)
        files += len(names)
        size += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    return Reference(name, prefix, channel, tuple(specs), files, folders, size)
