"""Channels to install the reference environments from: this machine's CPython, the tests' packages
and wheels, all as real conda packages (``tests/channel``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.tools import say
from tests.channel import build, fixtures
from tests.channel.cpython import find_pythons
from tests.channel.wheels import download, make_from_wheel, read_wheel

#: The Python of the reference environments.
MINOR = "3.11"

# A program of its own: py-rattler may abort at exit, when all is written.
_INDEX = """
import asyncio, os, pathlib, sys
from rattler.index import index_fs
asyncio.run(index_fs(pathlib.Path(sys.argv[1]), write_zst=False, write_shards=False))
os._exit(0)
"""


def of_tests() -> Path:
    """The channel of the tests, made when it is not there (a minute)."""
    channel = fixtures._CACHE / f"channel-{build.fingerprint()}" / "channel"
    if not channel.exists():
        say("building the tests' channel (a minute)")
        subprocess.run([sys.executable, build.__file__, str(channel)], check=True)
    return channel


def fetch(requirements: list[str], folder: Path) -> list[Path]:
    """The wheels of ``requirements`` and all that they need."""
    return download(find_pythons()[MINOR] / f"bin/python{MINOR}", requirements, folder)


def name_of(wheel: Path) -> str:
    """What the package made from ``wheel`` is called."""
    return read_wheel(wheel).name


def extend(base: Path, wheels: list[Path], channel: Path) -> None:
    """Make ``channel``: the packages of ``base``, and each wheel that is not among them as one.

    The largest wheel is in memory twice while its package is written.
    """
    work = channel.with_name(f"{channel.name}-unfinished")
    shutil.rmtree(work, ignore_errors=True)
    for package in base.glob("*/*.conda"):
        target = work / "channel" / package.parent.name / package.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(package, target)
        except OSError:  # another file system
            shutil.copyfile(package, target)
    for path in wheels:
        wheel = read_wheel(path)
        if not any((work / "channel").glob(f"*/{wheel.name}-{wheel.version}-*.conda")):
            tree = work / "trees" / path.stem
            make_from_wheel(wheel, tree, [MINOR]).write(work / "channel")
            shutil.rmtree(tree)
    subprocess.run([sys.executable, "-c", _INDEX, str(work / "channel")], check=True)
    (work / "channel").rename(channel)
    shutil.rmtree(work)
