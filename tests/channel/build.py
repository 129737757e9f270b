"""Make the channel: ``python tests/channel/build.py OUT``.

Takes the CPythons of this machine and wheels from the package index that pip is set up for.
Needs gcc and patchelf. About a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# patchelf comes from the package index, into the folder of this interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

from tests.channel.cpython import find_pythons, full_version, make_python
from tests.channel.traps import make_traps
from tests.channel.wheels import Wheel, download, make_from_wheel, read_wheel

#: Each list is resolved by itself; two versions of a package need two lists.
REQUIREMENTS = {
    "3.11": [
        ["ipykernel<8", "pip", "setuptools<81", "wheel<0.46", "numpy<3"],
        ["tabulate==0.9.0", "more-itertools==10.5.0"],
        ["more-itertools==10.1.0"],
    ],
    "3.7": [
        ["ipykernel<7", "pip", "setuptools", "wheel", "numpy<2"],
        ["more-itertools==9.1.0"],
    ],
}


def fingerprint() -> str:
    """Names a channel: our scripts and the interpreters that went into it."""
    digest = hashlib.sha256()
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name not in ("fixtures.py", "images.py"):
            digest.update(script.read_bytes())
    for minor, prefix in sorted(find_pythons().items()):
        digest.update(f"{minor} {prefix} {full_version(prefix, minor)}".encode())
    return digest.hexdigest()[:12]


def build(out: Path) -> None:
    """Make the channel at ``out``, which appears complete or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        _fill(work / "channel", work / "trees")
        asyncio.run(_index(work / "channel"))
        try:
            (work / "channel").rename(out)
        except OSError:
            if not (out / "noarch" / "repodata.json").exists():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill(channel: Path, trees: Path) -> None:
    (channel / "noarch").mkdir(parents=True)
    (channel / "linux-64").mkdir()
    pythons = find_pythons()
    pure: dict[str, tuple[Wheel, list[str]]] = {}
    for minor, lists in REQUIREMENTS.items():
        if minor not in pythons:
            print(f"channel: no CPython {minor} on this machine; left out", file=sys.stderr)
            continue
        prefix = pythons[minor]
        make_python(prefix, minor, trees / f"python-{minor}").write(channel)
        for number, requirements in enumerate(lists):
            folder = trees / f"wheels-{minor}-{number}"
            for path in download(prefix / f"bin/python{minor}", requirements, folder):
                wheel = read_wheel(path)
                if wheel.pure:
                    pure.setdefault(path.name, (wheel, []))[1].append(minor)
                else:
                    tree = trees / f"{minor}-{number}-{path.stem}"
                    make_from_wheel(wheel, tree, [minor]).write(channel)
    for name, (wheel, minors) in pure.items():
        make_from_wheel(wheel, trees / name, minors).write(channel)
    for package in make_traps(trees):
        package.write(channel)


async def _index(channel: Path) -> None:
    from rattler.index import index_fs

    await index_fs(channel, write_zst=False, write_shards=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(Path(sys.argv[1]).absolute())
