"""Packing and unpacking."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, on_local, on_slow
from benchmarks.copying import COPIER
from benchmarks.measure import Goal, Run, Work, run_command
from benchmarks.reference import Reference

_TAR_ZST = "tar | zstd -3 -T0"
_CONDA_PACK = "conda-pack"
_TAR_GZ = "tar -zxf"
# The traps of the test channel include what a pack refuses unless told.
_EDITED = ("--ignore-missing-files", "--ignore-editable-packages")
_Act = Callable[[Path], Run]


def pack_locally(bench: Bench, what: Reference, goals: list[Goal]) -> Work:
    """One archive from the local disk to the local disk."""

    def ours(disk: Path) -> Run:
        run = bench.ma("env", "pack", what.prefix, "-o", disk / "a.tar.zst", *_EDITED, disk=disk)
        return _sized(run, disk / "a.tar.zst")

    def tar(disk: Path) -> Run:
        command = f"tar -C '{what.prefix}' -cf - . | zstd -q -3 -T0 -o '{disk}/a.tar.zst'"
        return _sized(run_command([command], shell=True), disk / "a.tar.zst")

    def conda_pack(disk: Path) -> Run:
        program = Path(sys.executable).with_name("conda-pack")
        command = [str(program), "-q", "-p", str(what.prefix), "-o", str(disk / "a.tar.gz")]
        return _sized(run_command([*command, *_EDITED]), disk / "a.tar.gz")

    return Work(
        f"pack-{what.name}",
        f"pack {what.name}",
        {
            "ours": on_local(bench, ours),
            _TAR_ZST: on_local(bench, tar),
            _CONDA_PACK: on_local(bench, conda_pack),
        },
        goals,
        frozenset({_CONDA_PACK}),
    )


def pack_from_slow(bench: Bench, what: Reference, rtt_ms: float) -> Work:
    """An environment of the slow disk to an archive on the local one."""
    place = bench.slow(rtt_ms).source / "envs" / "user_conda" / what.name
    archive = bench.work / "from-slow.tar.zst"

    def prepare() -> None:
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            run_command(["cp", "-a", what.prefix, place])

    def ours(disk: Path) -> Run:
        path = disk / place.relative_to(bench.slow(rtt_ms).source)
        run = bench.ma("env", "pack", path, "-o", archive, *_EDITED, disk=disk)
        for made in bench.work.glob(f"{archive.name}*"):
            made.unlink()
        return run

    def copier(disk: Path) -> Run:
        path = disk / place.relative_to(bench.slow(rtt_ms).source)
        return run_command([bench.copier, "-r", "32", path])

    prepare()
    return Work(
        f"pack-{what.name}-from-{rtt_ms:g}ms",
        f"pack {what.name} from the {rtt_ms:g} ms disk",
        {
            "ours": on_slow(bench, rtt_ms, ours, keep=("envs", "tree")),
            f"{COPIER} reading": on_slow(bench, rtt_ms, copier, keep=("envs", "tree")),
        },
        [Goal(f"{COPIER} reading", at_most=1.3)],
    )


def pack_to_slow(bench: Bench, what: Reference, rtt_ms: float) -> Work:
    """An environment of the local disk to an archive on the slow one."""
    stream = f"tar -C '{what.prefix}' -cf - . | zstd -q -3 -T0"
    name = "tar | zstd | dd bs=1M"

    def ours(disk: Path) -> Run:
        return bench.ma("env", "pack", what.prefix, "-o", disk / "a.tar.zst", *_EDITED, disk=disk)

    def sequential(disk: Path) -> Run:
        command = f"{stream} | dd iflag=fullblock bs=1M of='{disk}/a.tar.zst' status=none"
        return run_command([command], shell=True)

    return Work(
        f"pack-{what.name}-to-{rtt_ms:g}ms",
        f"pack {what.name} to the {rtt_ms:g} ms disk",
        {
            "ours": on_slow(bench, rtt_ms, ours, keep=("envs", "tree")),
            name: on_slow(bench, rtt_ms, sequential, keep=("envs", "tree")),
        },
        [Goal(name, at_most=1.3)],
    )


def unpack_onto_slow(bench: Bench, what: Reference, rtt_ms: float) -> Work:
    """An archive of the local disk onto the slow one."""
    ours, tar = _unpackers(bench, what)
    return Work(
        f"unpack-{what.name}-{rtt_ms:g}ms",
        f"unpack {what.name} onto the {rtt_ms:g} ms disk",
        {"ours": on_slow(bench, rtt_ms, ours), _TAR_GZ: on_slow(bench, rtt_ms, tar)},
        [Goal(_TAR_GZ, at_least=15)],
        frozenset({_TAR_GZ}),
    )


def unpack_to_memory(bench: Bench, what: Reference) -> Work:
    """An archive of the local disk to a RAM disk."""
    ours, tar = _unpackers(bench, what)
    return Work(
        f"unpack-{what.name}-memory",
        f"unpack {what.name} to a RAM disk",
        {
            "ours": on_local(bench, ours, root=bench.memory),
            _TAR_GZ: on_local(bench, tar, root=bench.memory),
        },
        [Goal(_TAR_GZ, at_least=5)],
        frozenset({_TAR_GZ}),
    )


def _unpackers(bench: Bench, what: Reference) -> tuple[_Act, _Act]:
    zst, gz = (bench.cache / f"{what.name}.{suffix}" for suffix in ("tar.zst", "tar.gz"))
    if not zst.exists():
        disk = bench.work / "packing"
        disk.mkdir()
        bench.ma("env", "pack", what.prefix, "-o", zst, *_EDITED, disk=disk)
        bench.forget()
    if not gz.exists():
        run_command([f"tar -C '{what.prefix}' -cf - . | gzip -4 > '{gz}'"], shell=True)

    def ours(disk: Path) -> Run:
        return bench.ma("env", "unpack", zst, "mine", disk=disk)

    def tar(disk: Path) -> Run:
        (disk / "tree").mkdir()
        return run_command(["tar", "-C", disk / "tree", "-zxf", gz])

    return ours, tar


def _sized(run: Run, path: Path) -> Run:
    return replace(run, size=path.stat().st_size)
