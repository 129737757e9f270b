"""Environments as an image has them: ``python tests/channel/images.py CHANNEL PREFIX SPEC...``.

Made by py-rattler and by nothing of ours, so that our own ``create`` is not what proves itself.
A program of its own because py-rattler may abort at exit.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

_HISTORY = """\
==> 2026-01-01 00:00:00 <==
# cmd: conda create -n {name} {specs}
# conda version: 4.10.3
{packages}
# update specs: {listed}
"""


async def _install(channel: str, prefix: Path, specs: list[str]) -> None:
    from rattler import PackageCache, PackageCacheLayer, ValidationMode, install, solve

    records = await solve([channel], specs, virtual_packages=[])
    cache = package_cache(channel)
    # Somebody may have written into an image, and so through a hard link into the cache. What is
    # whole stays, because other tests may be reading it.
    layer = PackageCacheLayer(cache).with_validation_mode(ValidationMode.full())
    packages = PackageCache.from_layers([layer])
    await install(records, prefix, package_cache=packages, show_progress=False)
    lines = sorted(
        f"+defaults/{r.subdir}::{r.name.normalized}-{r.version}-{r.build}" for r in records
    )
    history = _HISTORY.format(
        name=prefix.name, specs=" ".join(specs), packages="\n".join(lines), listed=specs
    )
    (prefix / "conda-meta/history").write_text(history)


def package_cache(channel: str) -> Path:
    """Where the packages of ``channel`` are unpacked; images are hard links to these files."""
    return Path(channel.removeprefix("file://")).with_suffix(".pkgs")


def make_image(channel: str, prefix: Path, specs: list[str]) -> None:
    """Install ``specs`` from ``channel`` at ``prefix``, compiled, as conda leaves it."""
    asyncio.run(_install(channel, prefix, specs))
    python = prefix / "bin/python"
    if python.exists():
        site = next(prefix.glob("lib/python3*/site-packages"))
        # Some packages carry files for other Pythons: conda goes on when they do not compile.
        subprocess.run([python, "-I", "-m", "compileall", "-q", site], stdout=subprocess.DEVNULL)


def fingerprint(prefix: Path) -> str:
    """Changes when anything below ``prefix`` is made, removed or written."""
    count, size, newest = 0, 0, 0
    for folder, folders, files in os.walk(prefix):
        for name in folders + files:
            stat = os.lstat(os.path.join(folder, name))
            count, size = count + 1, size + stat.st_size
            newest = max(newest, stat.st_mtime_ns)
    return f"{count} {size} {newest}"


if __name__ == "__main__":
    make_image(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
    sys.stdout.flush()
    os._exit(0)
