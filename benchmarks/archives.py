"""Packing and unpacking."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, on_local, on_slow
from benchmarks.copying import COPIER
from benchmarks.measure import Contestant, Goal, Run, Work, run_command
from benchmarks.reference import Reference

MEMORY = Goal(None, at_most=300, what="megabytes")
TAR_ZST = "tar | zstd -3 -T0"
CONDA_PACK = "conda-pack"
_DD = "dd bs=1M of the finished archive"
_TAR_DD = f"{TAR_ZST} | dd bs=1M"
_READING = f"{COPIER} reading"
_READING_TAR = f"{COPIER} reading, then {TAR_ZST} locally"
_TAR_GZ = "tar -zxf"
_PROGRAM = Path(sys.executable).with_name("conda-pack")
# The traps of the test channel include what a pack refuses unless told.
_EDITED = ("--ignore-missing-files", "--ignore-editable-packages")


def pack_locally(
    bench: Bench, name: str, goals: tuple[Goal, ...], guess: float, *, conda_pack: bool
) -> Work:
    """One archive from the local disk to the local disk."""

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)

        def peer(disk: Path) -> Run:
            archive = disk / "a.tar.gz"
            options: list[str | Path] = ["-q", "-p", what.prefix, "-o", archive, *_EDITED]
            return _sized(run_command([_PROGRAM, *options]), archive)

        found = {
            "ours": on_local(
                bench, lambda disk: _ours(bench, what.prefix, disk / "a.tar.zst", disk)
            ),
            TAR_ZST: on_local(bench, lambda disk: _tar(what, disk / "a.tar.zst")),
        }
        if conda_pack:
            found[CONDA_PACK] = on_local(bench, peer)
        return found

    return Work(f"pack-{name}", f"pack {name}", prepare, goals, guess, frozenset({CONDA_PACK}))


def pack_from_slow(bench: Bench, name: str, rtt_ms: float, guess: float) -> Work:
    """An environment of the slow disk to an archive on the local one."""

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)
        place = bench.on_disk(what, rtt_ms)

        def to_local(act: Callable[[Path, Path], Run]) -> Contestant:
            """``act`` gets the mounted slow disk and an archive to write."""
            return on_local(
                bench,
                lambda local: on_slow(bench, rtt_ms, lambda disk: act(disk, local / "a.tar.zst"))(),
            )

        def ours(disk: Path, archive: Path) -> Run:
            return _ours(bench, disk / place, archive, disk)

        def reading(disk: Path, _archive: Path) -> Run:
            return run_command([bench.copier, "-r", "32", disk / place])

        def reading_tar(disk: Path, archive: Path) -> Run:
            read = f"'{bench.copier}' -r 32 '{disk / place}'"
            return run_command([f"{read} && {_stream(what)} -o '{archive}'"], shell=True)

        return {
            "ours": to_local(ours),
            _READING: to_local(reading),
            _READING_TAR: to_local(reading_tar),
        }

    return Work(
        f"pack-{name}-from-{rtt_ms:g}ms",
        f"pack {name} from the {rtt_ms:g} ms disk",
        prepare,
        (Goal(_READING, at_most=1.3), Goal(_READING_TAR, at_most=1.3)),
        guess,
    )


def pack_to_slow(bench: Bench, name: str, rtt_ms: float, guess: float) -> Work:
    """An environment of the local disk to an archive on the slow one."""

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)
        bench.need_memory(what.bytes / 2)
        finished = bench.work / "finished.tar.zst"
        _tar(what, finished)

        def write(source: str, disk: Path) -> Run:
            out = f"of='{disk}/a.tar.zst' bs=1M iflag=fullblock conv=fsync status=none"
            return run_command([f"{source} {out}"], shell=True)

        return {
            "ours": on_slow(
                bench, rtt_ms, lambda disk: _ours(bench, what.prefix, disk / "a.tar.zst", disk)
            ),
            _DD: on_slow(bench, rtt_ms, lambda disk: write(f"dd if='{finished}'", disk)),
            _TAR_DD: on_slow(bench, rtt_ms, lambda disk: write(f"{_stream(what)} | dd", disk)),
        }

    return Work(
        f"pack-{name}-to-{rtt_ms:g}ms",
        f"pack {name} to the {rtt_ms:g} ms disk",
        prepare,
        (Goal(_DD, at_most=1.3), Goal(_TAR_DD, at_most=1.3)),
        guess,
    )


def unpack_onto_slow(bench: Bench, name: str, rtt_ms: float, guess: float) -> Work:
    """An archive of the local disk onto the slow one."""

    def prepare() -> dict[str, Contestant]:
        bench.need_memory(bench.reference(name).bytes)
        return {who: on_slow(bench, rtt_ms, act) for who, act in _unpackers(bench, name).items()}

    return Work(
        f"unpack-{name}-{rtt_ms:g}ms",
        f"unpack {name} onto the {rtt_ms:g} ms disk",
        prepare,
        (Goal(_TAR_GZ, at_least=15),),
        guess,
        frozenset({_TAR_GZ}),
    )


def unpack_to_memory(bench: Bench, name: str, guess: float) -> Work:
    """An archive of the local disk to a RAM disk."""

    def prepare() -> dict[str, Contestant]:
        bench.need_memory(bench.reference(name).bytes)
        return {
            who: on_local(bench, act, root=bench.memory)
            for who, act in _unpackers(bench, name).items()
        }

    return Work(
        f"unpack-{name}-memory",
        f"unpack {name} to a RAM disk",
        prepare,
        (Goal(_TAR_GZ, at_least=5), MEMORY),
        guess,
        frozenset({_TAR_GZ}),
        memory=5 << 30,
    )


def _unpackers(bench: Bench, name: str) -> dict[str, Callable[[Path], Run]]:
    """Ours and tar's, with archives made for them. Ours is made by the commit that is measured."""
    what = bench.reference(name)
    zst, gz = bench.work / "a.tar.zst", what.prefix.with_name(f"{what.name}.tar.gz")
    _ours(bench, what.prefix, zst, bench.work)
    bench.forget()
    if not gz.exists():
        unfinished = gz.with_suffix(".unfinished")
        run_command([f"tar -C '{what.prefix}' -cf - . | gzip -4 > '{unfinished}'"], shell=True)
        unfinished.rename(gz)

    def ours(disk: Path) -> Run:
        return bench.ma("env", "unpack", zst, "mine", disk=disk)

    def tar(disk: Path) -> Run:
        (disk / "tree").mkdir()
        return run_command(["tar", "-C", disk / "tree", "-zxf", gz])

    return {"ours": ours, _TAR_GZ: tar}


def _ours(bench: Bench, prefix: Path, archive: Path, disk: Path) -> Run:
    run = bench.ma("env", "pack", prefix, "-o", archive, *_EDITED, disk=disk)
    return _sized(run, archive)


def _tar(what: Reference, archive: Path) -> Run:
    return _sized(run_command([f"{_stream(what)} -o '{archive}'"], shell=True), archive)


def _stream(what: Reference) -> str:
    return f"tar -C '{what.prefix}' -cf - . | zstd -q -3 -T0"


def _sized(run: Run, path: Path) -> Run:
    return replace(run, size=path.stat().st_size)
