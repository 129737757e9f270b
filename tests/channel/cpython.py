"""A conda package of a CPython that is installed on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.channel.conda_package import PLACEHOLDER, CondaPackage

#: Left out of the standard library: large, and no test needs it.
STRIPPED = {
    "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip",
    "site-packages", "__pycache__", "pydoc_data",
}  # fmt: skip

_COMPILE = """
import os, py_compile, sys
root = sys.argv[1]
for folder, _, names in os.walk(os.path.join(root, "lib")):
    for name in names:
        # The installer rewrites this one; its compiled form would be stale.
        if name.endswith(".py") and not name.startswith("_sysconfigdata"):
            path = os.path.join(folder, name)
            try:
                py_compile.compile(path, dfile=os.path.relpath(path, root), doraise=True)
            except py_compile.PyCompileError:
                pass
"""


def find_pythons(wanted: tuple[str, ...] = ("3.11", "3.7")) -> dict[str, Path]:
    """The base prefix of each wanted ``major.minor`` that this machine has."""
    found: dict[str, Path] = {}
    for prefix in [*_pyenv_prefixes(), Path(sys.base_prefix)]:
        for version in wanted:
            if version not in found and (prefix / "bin" / f"python{version}").exists():
                found[version] = prefix
    return found


def full_version(prefix: Path, minor: str) -> str:
    """``3.11.7`` of the interpreter at ``prefix``."""
    command = [str(prefix / "bin" / f"python{minor}"), "-V"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def make_python(prefix: Path, minor: str, root: Path) -> CondaPackage:
    """Copy the interpreter at ``prefix`` to ``root``, freed of every word about where it was."""
    _copy(prefix, minor, root)
    elves = [path for path in sorted(root.rglob("*")) if _is_elf(path)]
    for elf in elves:
        depth = len(elf.relative_to(root).parts) - 1
        run_path = "$ORIGIN" + "/.." * depth + "/lib"
        subprocess.run(["strip", "--strip-debug", elf], check=True)
        subprocess.run(["patchelf", "--set-rpath", run_path, elf], check=True)
    _forget(prefix, root, elves)
    interpreter = root / "bin" / f"python{minor}"
    subprocess.run([interpreter, "-I", "-S", "-B", "-c", _COMPILE, root], check=True)
    return CondaPackage(
        "python", full_version(prefix, minor), "0_cpython", root, summary="CPython of this machine"
    )


def _pyenv_prefixes() -> list[Path]:
    try:
        answer = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted((Path(answer.stdout.strip()) / "versions").glob("3.*"), reverse=True)


def _copy(prefix: Path, minor: str, root: Path) -> None:
    def skip(folder: str, names: list[str]) -> set[str]:
        skipped = {name for name in names if name == "__pycache__" or name.endswith((".a", ".o"))}
        if Path(folder).name == f"python{minor}":
            skipped |= STRIPPED & set(names)
        if Path(folder).name in ("unittest", "ctypes", "distutils", "sqlite3"):
            skipped |= {"test", "tests"} & set(names)
        return skipped | {name for name in names if name.startswith(("_tkinter", "_test"))}

    (root / "bin").mkdir(parents=True)
    for name in (f"python{minor}", f"pydoc{minor}", f"python{minor}-config"):
        shutil.copy2((prefix / "bin" / name).resolve(), root / "bin" / name)
    for link, target in (("python", f"python{minor}"), ("python3", f"python{minor}")):
        (root / "bin" / link).symlink_to(target)
    for folder in (f"lib/python{minor}", "lib/pkgconfig", "include"):
        shutil.copytree(prefix / folder, root / folder, symlinks=True, ignore=skip)
    for library in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(library, root / "lib" / library.name, follow_symlinks=False)
    site = root / f"lib/python{minor}/site-packages"
    site.mkdir()
    (site / "README.txt").write_text("Third-party packages go here.\n")


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _forget(prefix: Path, root: Path, elves: list[Path]) -> None:
    """Replace the old place: in text by the placeholder, in programs (where there is no room for
    one, and where it only serves as a last resort) by a path that does not exist."""
    old = os.fsencode(prefix)
    # Of the same length, and with the same end: linkers let "3.11.7" be the tail of the path.
    head, _, tail = old.rpartition(b"/")
    nowhere = (b"/nonexistent/" + b"x" * len(head))[: len(head)] + b"/" + tail
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if old not in data:
            continue
        new = nowhere if path in elves else PLACEHOLDER.encode()
        times = path.stat()
        path.write_bytes(re.sub(re.escape(old), new, data))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
