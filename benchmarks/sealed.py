"""Sealing an environment, saving what was changed in a sealed one, cloning it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, on_slow
from benchmarks.measure import Contestant, Goal, Run, Work, run_command

PACK = "ma env pack"
WHEEL = "dd bs=1M of the package"
_ENVS = Path("envs", "user_conda")
_CLONE = """
import sys, time
from modelarts_nb.envs.cloning import clone
start = time.perf_counter()
clone(sys.argv[1], sys.argv[2])
print(time.perf_counter() - start)
"""
#: Bytes of a package that is installed before a save; they cannot be compressed.
_PACKAGE = 5_000_000


def seal(bench: Bench, name: str, rtt_ms: float | None, guess: float) -> Work:
    """An environment of the slow disk (None: of the local one) becomes an image on it."""

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)
        if rtt_ms is None:
            root = bench.work / "disk"
            (root / _ENVS).mkdir(parents=True)
            run_command(["cp", "-a", what.prefix, root / _ENVS / name])
        else:
            bench.on_disk(what, rtt_ms)
            root = bench.slow(rtt_ms).source

        def contestant(*arguments: str) -> Contestant:
            def act(disk: Path) -> Run:
                return bench.ma("env", *arguments, disk=disk)

            def run() -> Run:
                done = act(root) if rtt_ms is None else on_slow(bench, rtt_ms, act)()
                done = replace(done, size=_made(root))
                _restore(root, name)
                bench.forget()
                return done

            return run

        return {"ours": contestant("seal", name), PACK: contestant("pack", name)}

    where = "" if rtt_ms is None else f"-{rtt_ms:g}ms"
    place = "the local disk" if rtt_ms is None else f"the {rtt_ms:g} ms disk"
    goals = (Goal(PACK, at_most=1.3),)
    return Work(f"seal-{name}{where}", f"seal {name} on {place}", prepare, goals, guess)


def save(bench: Bench, name: str, rtt_ms: float, guess: float) -> Work:
    """A package of 5 MB was installed with pip into the local copy; the disk is slow."""

    def prepare() -> dict[str, Contestant]:
        slow = bench.slow(rtt_ms)
        bench.need_memory(bench.reference(name).bytes * 1.5)
        prefix = bench.reference(name).prefix
        for arguments in (("clone", prefix, name, "--no-kernel"), ("seal", name), ("fill", name)):
            slow.source.mkdir(parents=True, exist_ok=True)
            bench.ma("env", *arguments, disk=slow.source)
        # The tree, which went to the bin, takes memory that nobody needs.
        bench.ma("bin", "empty", "--yes", disk=slow.source)
        python = _slot(bench, name) / "bin" / "python"
        number = 0

        def ours() -> Run:
            nonlocal number
            number += 1
            command = [python, "-m", "pip", "install", "--no-index", "--no-deps", "-q"]
            subprocess.run([*command, _wheel(bench.work, number)], check=True)
            before = _bytes(slow.source / "envs" / "images")
            run = on_slow(bench, rtt_ms, save_once)()
            return replace(run, size=_bytes(slow.source / "envs" / "images") - before)

        def save_once(disk: Path) -> Run:
            return bench.ma("env", "save", name, disk=disk)

        def wheel() -> Run:
            return on_slow(bench, rtt_ms, lambda disk: _copied(_wheel(bench.work, 0), disk))()

        return {"ours": ours, WHEEL: wheel}

    return Work(
        f"save-{name}-{rtt_ms:g}ms",
        f"save {name} to the {rtt_ms:g} ms disk after a 5 MB package",
        prepare,
        (Goal(None, at_most=3), Goal(WHEEL, at_most=3, what="size")),
        guess,
    )


def clone(bench: Bench, name: str, rtt_ms: float, guess: float) -> Work:
    """A clone of a sealed environment, as the worker of the panel makes it: imports are there."""
    copies = 0

    def prepare() -> dict[str, Contestant]:
        slow = bench.slow(rtt_ms)
        slow.source.mkdir(parents=True, exist_ok=True)
        for arguments in (("clone", bench.reference(name).prefix, name), ("seal", name)):
            bench.ma("env", *arguments, disk=slow.source)
        bench.ma("bin", "empty", "--yes", disk=slow.source)
        return {"ours": on_slow(bench, rtt_ms, ours)}

    def ours(disk: Path) -> Run:
        nonlocal copies
        copies += 1
        environment = {**os.environ, **bench.settings(disk)}
        command = [sys.executable, "-c", _CLONE, name, f"copy{copies}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return Run(round(float(done.stdout.splitlines()[-1]), 4), None)

    return Work(
        f"clone-sealed-{name}-{rtt_ms:g}ms",
        f"clone {name}, sealed, on the {rtt_ms:g} ms disk",
        prepare,
        (Goal(None, at_most=0.1),),
        guess,
    )


def _copied(file: Path, disk: Path) -> Run:
    command = ["dd", f"if={file}", f"of={disk / file.name}", "bs=1M", "conv=fsync", "status=none"]
    return replace(run_command(command), size=file.stat().st_size)


def _made(root: Path) -> int:
    return _bytes(root / "envs" / "images") + _bytes(root / "envs" / "archives")


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir()) if folder.is_dir() else 0


def _restore(root: Path, name: str) -> None:
    """The environment is open again, and what was made of it is gone."""
    for folder in ("images", "archives", "sealed"):
        shutil.rmtree(root / "envs" / folder, ignore_errors=True)
    for entry in (root / "envs/.modelarts_nb/bin").glob(f"*-{name}"):
        os.rename(entry, root / _ENVS / name)


def _slot(bench: Bench, name: str) -> Path:
    return Path((bench.local / "run" / ".current" / name).read_text().splitlines()[0])


def _wheel(folder: Path, number: int) -> Path:
    """A package of random bytes: a hundred modules and a file of data."""
    file = folder / f"ballast{number}-1.0-py3-none-any.whl"
    info = f"ballast{number}-1.0.dist-info"
    share = _PACKAGE // 200
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"ballast{number}/data", os.urandom(_PACKAGE - 100 * share))
        for module in range(100):
            text = f"DATA = {os.urandom(share // 2).hex()!r}\n"
            wheel.writestr(f"ballast{number}/m{module}.py", text)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        text = f"Metadata-Version: 2.1\nName: ballast{number}\nVersion: 1.0\n"
        wheel.writestr(f"{info}/METADATA", text)
        wheel.writestr(f"{info}/RECORD", "")
    return file
