"""Reference environments, made from this machine's CPython and from wheels.

``small`` is about 6,000 files and 260 MB, all conda packages. ``big`` is about 46,000 files and
3.7 GB in the shape of the source document's own example: some twenty conda packages, everything
else from pip. ``big-conda`` holds the same wheels, each as a conda package. They are built once and
kept in the cache folder, with the package caches that py-rattler installs from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import channels
from benchmarks.tools import say
from tests.channel import build, fixtures, images

_TRAPS = list(fixtures.TRAPS)
#: Wheels that become conda packages of the channel, beyond those of the tests.
_CHANNEL_EXTRA = ["scipy<2"]
_SMALL = [f"python={channels.MINOR}", "pip", "numpy", "scipy", *_TRAPS]
_BIG_CONDA = [f"python={channels.MINOR}", "pip", "setuptools", "wheel", "ipykernel", "numpy"]
_BIG_PIP = [
    "torch==2.13.0",
    "nvidia-cublas-cu12==12.9.3.13",
    "nvidia-cudnn-cu12==9.28.0.42",
    "pandas",
    "scikit-learn",
    "matplotlib",
]
#: What building takes on the way, beyond what stays.
_ROOM = 18e9


@dataclass(frozen=True)
class Reference:
    """One environment to measure with; ``packages`` is where its packages lie unpacked."""

    name: str
    prefix: Path
    channel: Path
    files: int
    folders: int
    bytes: int
    records: int

    @property
    def packages(self) -> Path:
        """The package cache that its files are hard links of."""
        return images.package_cache(self.channel.as_uri())

    @property
    def described(self) -> str:
        """In words, for the report."""
        size = f"{self.bytes / 1e9:.1f} GB" if self.bytes > 1e9 else f"{self.bytes / 1e6:.0f} MB"
        return (
            f"**{self.name}**: {self.files:,} files, {self.folders:,} folders, {size}, "
            f"{self.records} conda packages"
        )


def small(cache: Path) -> Reference:
    """The small one, built when it is not there."""
    home = _home(cache)
    channel, prefix = _channel(home), home / "small"
    if not _ready(prefix):
        say("building the small reference environment")
        _install(channel, prefix, _SMALL)
    return _described(prefix, channel)


def big(cache: Path) -> Reference:
    """The big one that pip made, built when it is not there (with ``big_conda``: some minutes)."""
    home = _home(cache)
    _build_big(home)
    return _described(home / "big", _channel(home))


def big_conda(cache: Path) -> Reference:
    """The big one of conda packages only, built when it is not there."""
    home = _home(cache)
    _build_big(home)
    return _described(home / "big-conda", home / "channel-big")


def _home(cache: Path) -> Path:
    """The folder of what is built now; what older scripts built is removed."""
    wanted = repr((build.fingerprint(), _CHANNEL_EXTRA, _SMALL, _BIG_CONDA, _BIG_PIP))
    home = cache / f"reference-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    for old in cache.glob("reference-*"):
        if old != home:
            shutil.rmtree(old)
    home.mkdir(parents=True, exist_ok=True)
    return home


def _channel(home: Path) -> Path:
    """The channel of the tests and some larger packages."""
    channel = home / "channel"
    if not channel.exists():
        base = channels.of_tests()
        say("adding larger packages to the channel")
        with tempfile.TemporaryDirectory(dir=home) as folder:
            channels.extend(base, channels.fetch(_CHANNEL_EXTRA, Path(folder) / "wheels"), channel)
    return channel


def _build_big(home: Path) -> None:
    """Both big ones from one download. The packages themselves are not kept, only unpacked."""
    pip, conda, channel = home / "big", home / "big-conda", home / "channel-big"
    if _ready(pip) and _ready(conda):
        return
    if shutil.disk_usage(home).free < _ROOM:
        raise SystemExit(f"building the big environments needs {_ROOM / 1e9:.0f} GB in {home}")
    base = _channel(home)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        say("big reference environments (some minutes): downloading 1.6 GB of wheels")
        wheels = Path(folder) / "wheels"
        found = channels.fetch([*_BIG_PIP, "numpy<3"], wheels)
        if not _ready(conda):
            say("  making conda packages of the wheels")
            shutil.rmtree(channel, ignore_errors=True)
            channels.extend(base, found, channel)
            say("  installing them")
            _install(channel, conda, [*_BIG_CONDA, *_TRAPS, *map(channels.name_of, found)])
            for package in channel.glob("*/*.conda"):
                package.unlink()
        if not _ready(pip):
            say("  installing the wheels with pip")
            _install(base, pip, [*_BIG_CONDA, *_TRAPS], ready=False)
            wheelhouse = ["--no-index", "--find-links", str(wheels)]
            quiet = ["-q", "--no-warn-script-location", "--root-user-action=ignore"]
            command = [str(pip / "bin/python"), "-I", "-m", "pip", "install", *wheelhouse, *quiet]
            subprocess.run([*command, *_BIG_PIP], check=True)
            _stamp(pip).touch()


def _stamp(prefix: Path) -> Path:
    """Says that ``prefix`` is complete; an environment cannot be renamed when it is."""
    return prefix.with_name(f"{prefix.name}.ready")


def _ready(prefix: Path) -> bool:
    return _stamp(prefix).exists()


def _install(channel: Path, prefix: Path, specs: list[str], *, ready: bool = True) -> None:
    shutil.rmtree(prefix, ignore_errors=True)
    command = [sys.executable, images.__file__, channel.as_uri(), str(prefix), *specs]
    done = subprocess.run(command, capture_output=True, text=True)
    # py-rattler may abort at exit: what counts is the environment.
    if not (prefix / "conda-meta/history").exists():
        raise SystemExit(f"{prefix.name} was not made:\n{done.stderr[-2000:]}")
    if ready:
        _stamp(prefix).touch()


def _described(prefix: Path, channel: Path) -> Reference:
    files = folders = size = 0
    for folder, inside, names in os.walk(prefix):
        folders += len(inside)
        files += len(names)
        size += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    records = len(list(prefix.glob("conda-meta/*.json")))
    return Reference(prefix.name, prefix, channel, files, folders, size, records)
