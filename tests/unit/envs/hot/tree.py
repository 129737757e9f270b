"""A real environment on a disk, whose files are shared with the tests' image by hard links, and
what its launcher makes of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.hot.kernel.places import Places
from modelarts_nb.envs.hot.placing import place
from modelarts_nb.envs.kernels import launcher

ABOUT = """
import json, os, sys
def about(name):
    module = __import__(name, fromlist=["x"])
    return {"file": module.__file__, "value": getattr(module, "VALUE", None)}
def maps():
    return sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})
def hot():
    return sys.modules["_modelarts_nb_hot.start"]._open
"""


_UNUSED = shutil.ignore_patterns(
    *("pip", "pip-*", "ensurepip", "idlelib", "lib2to3", "tkinter", "test", "tests", "include"),
    *("share", "pydoc_data", "distutils", "turtledemo", "config-*", "unittest", "sqlite3"),
)


@dataclass
class HotTree:
    """The environment ``mine``; its kernels are started by ``run``."""

    disk: Disk
    prefix: Path

    @property
    def site(self) -> Path:
        return self.prefix / "lib/python3.11/site-packages"

    @property
    def mirror(self) -> Path:
        return self.disk.home / ".ma/hot" / self.prefix.name

    @property
    def record(self) -> Path:
        return self.disk.own / "hot" / self.prefix.name

    @property
    def places(self) -> Places:
        return Places(str(self.prefix), str(self.disk.home))

    def module(self, name: str, value: str) -> Path:
        """A module ``name`` with ``VALUE``; replaced, not written in place."""
        path = self.site / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        # Compiled within the same second from as many bytes, Python would take it for the new one.
        for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            cached.unlink()
        path.write_text(f"VALUE = {value!r}\n")
        return path

    def copied(self, name: str) -> Path:
        """The mirror's copy of the compiled ``name``."""
        folder, _, stem = f"/{name}".rpartition("/")
        site = self.site.relative_to(self.prefix)
        return self.mirror / "code" / f"{site}{folder}/__pycache__/{stem}.cpython-311.pyc"

    def mark_copy(self, name: str, old: bytes, new: bytes) -> None:
        """Have the copy say another value than the tree: whoever reads it is recognised."""
        copy = self.copied(name)
        data = copy.read_bytes()
        assert data.count(old) == 1
        assert len(old) == len(new)
        copy.write_bytes(data.replace(old, new))

    def start(self, code: str, **variables: str) -> subprocess.Popen[str]:
        """Run code as the launcher runs a kernel."""
        work = self.disk.home / "notebooks"
        work.mkdir(exist_ok=True)
        launch = self.disk.home / "launch.sh"
        # In one step: one that was started just now may be reading them.
        for path, text in ((work / "asked.py", ABOUT + code), (launch, launcher())):
            fresh = path.with_name(f"{path.name}.new")
            fresh.write_text(text)
            fresh.replace(path)
        return subprocess.Popen(
            ["/bin/sh", launch, self.prefix, "-m", "asked", "an argument"],
            cwd=work,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.disk.home),
                "MODELARTS_NB_OWNER": self.disk.owner,
                "MODELARTS_NB_HOT": "on",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, **variables: str) -> Any:
        """What the expression is, as JSON says it."""
        return self.run_code(f"print(json.dumps({code}))", **variables)

    def run_code(self, code: str, **variables: str) -> Any:
        """What the code prints, which is JSON."""
        process = self.start(code, **variables)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        assert error == ""
        return json.loads(out)


def make(image: Path, disk: Disk) -> HotTree:
    """An environment of the image's files; what runs in kernels is in the home."""
    prefix = disk.envs / "mine"
    shutil.copytree(image, prefix, symlinks=True, copy_function=os.link, ignore=_UNUSED)
    place(disk)
    return HotTree(disk, prefix)


__all__ = ["HotTree", "make"]
