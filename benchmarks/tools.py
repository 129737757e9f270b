"""The programs that the benchmarks need: compiled here, or found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
MA = str(Path(sys.executable).with_name("ma"))
RESTORE = str(_ROOT / "modelarts_nb/hook/restore.py")


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def copier(cache: Path) -> str:
    """The C copier, compiled."""
    program = cache / "copier"
    source = _HERE / "copier.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        cache.mkdir(parents=True, exist_ok=True)
        flags = ["-O2", "-Wall", "-Wextra", "-pthread"]
        subprocess.run(["gcc", *flags, "-o", str(program), str(source)], check=True)
    return str(program)


def slowfs(cache: Path) -> str:
    """The slow file system, compiled.

    Raises:
        SystemExit: this machine has no FUSE.
    """
    if not Path("/dev/fuse").exists() or not shutil.which("fusermount3"):
        sys.exit("FUSE is needed: apt-get install -y fuse3 libfuse3-dev pkg-config gcc")
    program = cache / "slowfs"
    folder = _ROOT / "tests/slowfs"
    if not program.exists() or program.stat().st_mtime < (folder / "slowfs.c").stat().st_mtime:
        cache.mkdir(parents=True, exist_ok=True)
        makefile = ["-f", str(folder / "Makefile"), f"OUT={program}"]
        subprocess.run(["make", "-s", *makefile, f"SRC={folder / 'slowfs.c'}"], check=True)
    return str(program)
