"""A sealed environment comes to the local disk, and is started from."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import Bench, on_slow
from benchmarks.measure import Contestant, Goal, Run, Work, run_command

ZSTD_TAR = "zstd -d -T0 | tar -x"
TREE = "python of the tree, cold"
LOCAL = "python of the local copy"
_LAUNCHER = Path(__file__).resolve().parents[1] / "modelarts_nb/envs/launch.sh"
_IMPORT = ("-c", "import torch")


def fill(bench: Bench, name: str, guess: float, *, memory: bool) -> Work:
    """From an image on the local disk; to a RAM disk, or to the local disk."""

    def prepare() -> dict[str, Contestant]:
        if memory:
            bench.need_memory(bench.reference(name).bytes)
        disk = bench.work / "disk"
        _seal(bench, name, disk)
        (image,) = (disk / "envs/images").glob("*.tar.zst")

        def ours() -> Run:
            with _run_root(bench, memory=memory):
                return bench.ma("env", "fill", name, disk=disk)

        def tar() -> Run:
            with _place(bench, memory=memory) as tree:
                pipe = f"zstd -q -dc -T0 '{image}' | tar -C '{tree}' -xf -"
                return run_command([pipe], shell=True)

        return {"ours": ours, ZSTD_TAR: tar}

    where = "memory" if memory else "local"
    return Work(
        f"fill-{name}-{where}",
        f"fill {name} to {'a RAM disk' if memory else 'the local disk'}",
        prepare,
        (Goal(ZSTD_TAR, at_most=1.2),),
        guess,
        memory=5 << 30,
    )


def start_cold(bench: Bench, name: str, rtt_ms: float, guess: float, *, memory: bool) -> Work:
    """The kernel's launcher right after a container start, up to the end of ``import torch``; the
    local copy is made on a RAM disk, or on the local disk."""

    def prepare() -> dict[str, Contestant]:
        source = bench.slow(rtt_ms).source
        bench.need_memory(bench.reference(name).bytes * (2.5 if memory else 1.5))
        _seal(bench, name, source)
        (tree,) = (source / "envs/.modelarts_nb/bin").glob(f"*-{name}")

        def ours(disk: Path) -> Run:
            with _run_root(bench, memory=memory):
                return _launch(bench, name, disk)

        def cold(disk: Path) -> Run:
            python = disk / tree.relative_to(source) / "bin/python"
            return run_command([python, *_IMPORT], env=bench.settings(disk))

        return {"ours": on_slow(bench, rtt_ms, ours), TREE: on_slow(bench, rtt_ms, cold)}

    where = "a RAM disk" if memory else "the local disk"
    return Work(
        f"start-{name}-{rtt_ms:g}ms" + ("-memory" if memory else ""),
        f"container start to `import torch`, sealed, {rtt_ms:g} ms disk, filled into {where}",
        prepare,
        (Goal(TREE, at_most=0.8),),
        guess,
        memory=8 << 30,
    )


def start_ready(bench: Bench, name: str, guess: float) -> Work:
    """The kernel's launcher, when the local copy is there."""

    def prepare() -> dict[str, Contestant]:
        disk = bench.work / "disk"
        _seal(bench, name, disk)
        bench.ma("env", "fill", name, disk=disk)
        slot = (bench.local / "run/.current" / name).read_text().splitlines()[0]
        settings = bench.settings(disk)
        return {
            "ours": lambda: _launch(bench, name, disk),
            LOCAL: lambda: run_command([f"{slot}/bin/python", *_IMPORT], env=settings),
        }

    return Work(
        f"start-{name}-ready",
        "kernel start to `import torch`, sealed and filled",
        prepare,
        (Goal(LOCAL, at_most=1.05),),
        guess,
    )


@contextmanager
def _place(bench: Bench, *, memory: bool) -> Iterator[Path]:
    """A new folder. What is on the local disk stays to the end: that of this machine, ext4 without
    a journal, looks at every inode that was removed in the last minutes before it makes a new one,
    and the local disk of a new container has none."""
    place = Path(tempfile.mkdtemp(prefix="filled-", dir=bench.memory if memory else bench.kept))
    try:
        yield place
    finally:
        if memory:
            # What the launcher left in the background may still write there.
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _run_root(bench: Bench, *, memory: bool) -> Iterator[None]:
    """The run root for once in a new folder."""
    run = bench.local / "run"
    with _place(bench, memory=memory) as place:
        # It must have a short path; where it leads does not matter.
        run.symlink_to(place)
        try:
            yield
        finally:
            run.unlink()
            bench.forget()


def _seal(bench: Bench, name: str, disk: Path) -> None:
    disk.mkdir(parents=True, exist_ok=True)
    prefix = bench.reference(name).prefix
    for arguments in (("clone", prefix, name, "--no-kernel"), ("seal", name)):
        bench.ma("env", *arguments, disk=disk)
    shutil.rmtree(bench.local / "run", ignore_errors=True)
    bench.forget()


def _launch(bench: Bench, name: str, disk: Path) -> Run:
    tree = disk / "envs/user_conda" / name
    place = ("--sealed", bench.local / "run", sys.executable, tree)
    return run_command(["/bin/sh", _LAUNCHER, *place, *_IMPORT], env=bench.settings(disk))
