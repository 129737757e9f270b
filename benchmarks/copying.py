"""Cloning and scanning."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import tools
from benchmarks.bench import Bench, on_local, on_slow
from benchmarks.measure import Contestant, Failed, Goal, Run, Skip, Work, run_command
from tests.channel import images

COPIER = "C copier"
_CP = "cp -a"
_RATTLER = "py-rattler, copies"
_RATTLER_LINKS = "py-rattler, hard links"
_CONDA = "conda create --clone --copy (cited)"
_CONDA_LINKS = "conda create --clone (cited)"
#: Of facts/network-disk.md, in seconds: conda cannot be installed here.
_CITED = {"small": 84.2, "big-copy": 51.2, "big-links": 27.7}
_SCAN = """
import pathlib, sys
from modelarts_nb.disk.scan import scan
scan(pathlib.Path(sys.argv[1]))
"""
_WALK = """
import os, sys
def walk(folder):
    for entry in os.scandir(folder):
        entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            walk(entry.path)
walk(sys.argv[1])
"""


def clone_onto_slow(
    bench: Bench,
    name: str,
    rtt_ms: float,
    goals: tuple[Goal, ...],
    guess: float,
    *,
    serial: bool = False,
    rattler: bool = False,
) -> Work:
    """Clone from the local disk onto the slow one.

    Args:
        bench: the place.
        name: the reference environment.
        rtt_ms: a round trip to the slow disk.
        goals: what ours must reach.
        guess: seconds of one round of all.
        serial: ``cp -a`` takes part, minutes at 1 ms.
        rattler: py-rattler's copy takes part.
    """

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)
        bench.need_memory(what.bytes)
        found = {
            "ours": on_slow(
                bench, rtt_ms, lambda disk: bench.ma("env", "clone", what.prefix, "mine", disk=disk)
            ),
            COPIER: on_slow(
                bench, rtt_ms, lambda d: run_command([bench.copier, "32", what.prefix, d / "copy"])
            ),
        }
        if serial:
            found[_CP] = on_slow(
                bench, rtt_ms, lambda disk: run_command(["cp", "-a", what.prefix, disk / "copy"])
            )
        if rattler:
            found[_RATTLER] = on_slow(
                bench, rtt_ms, lambda disk: run_command(_rattler(bench, name, "copy", disk))
            )
        return found

    return Work(
        f"clone-{name}-{rtt_ms:g}ms",
        f"clone {name} onto the {rtt_ms:g} ms disk",
        prepare,
        goals,
        guess,
        frozenset({_CP, _RATTLER}),
        {_CONDA: _CITED["small"]} if (name, rtt_ms) == ("small", 1) else {},
    )


def clone_locally(bench: Bench, name: str, guess: float, *, rattler: bool = False) -> Work:
    """A real copy on the local disk, saved (ours syncs, so the peers do)."""

    def prepare() -> dict[str, Contestant]:
        what = bench.reference(name)
        found = {
            "ours": on_local(
                bench, lambda disk: bench.ma("env", "clone", what.prefix, "mine", disk=disk)
            ),
            _CP: on_local(
                bench, lambda disk: _saved(["cp", "-a", what.prefix, disk / "copy"], disk)
            ),
        }
        if rattler:
            found[_RATTLER] = on_local(
                bench, lambda disk: _saved(_rattler(bench, name, "copy", disk), disk)
            )
        return found

    return Work(
        f"clone-{name}-local",
        f"clone {name} on the local disk, a real copy",
        prepare,
        (Goal(_CP, at_most=1.1),),
        guess,
        cited={_CONDA: _CITED["big-copy"]} if name == "big-conda" else {},
    )


def clone_by_links(bench: Bench, name: str, guess: float, *, rattler: bool = False) -> Work:
    """Hard links to the source's files on the same file system, saved; nothing is removed between
    the runs (``on_local`` says why)."""
    cited = {_CONDA_LINKS: _CITED["big-links"]} if name == "big-conda" else {}

    def prepare() -> dict[str, Contestant]:
        shown = subprocess.run([tools.MA, "env", "clone", "--help"], capture_output=True, text=True)
        if "--link" not in shown.stdout:
            raise Skip("`ma env clone` has no option --link")
        what = bench.reference(name)
        before = images.fingerprint(what.prefix)

        def ours(disk: Path) -> Run:
            run = bench.ma("env", "clone", what.prefix, "mine", "--link", disk=disk)
            if images.fingerprint(what.prefix) != before:
                raise Failed(f"a clone by hard links wrote into its source, {what.prefix}")
            return run

        found = {
            "ours": on_local(bench, ours, keep=True),
            "cp -al": on_local(
                bench,
                lambda disk: _saved(["cp", "-al", what.prefix, disk / "copy"], disk),
                keep=True,
            ),
        }
        if rattler:
            found[_RATTLER_LINKS] = on_local(
                bench,
                lambda disk: _saved(_rattler(bench, name, "hard-links", disk), disk),
                keep=True,
            )
        return found

    return Work(
        f"clone-{name}-link",
        f"clone {name} on the local disk, hard links",
        prepare,
        (Goal(None, at_most=2.5), *(Goal(peer, at_least=10) for peer in cited)),
        guess,
        cited=cited,
    )


def scan_slow(bench: Bench, name: str, rtt_ms: float) -> Work:
    """Read names and attributes of a tree on the slow disk."""

    def prepare() -> dict[str, Contestant]:
        place = bench.on_disk(bench.reference(name), rtt_ms)

        def python(code: str) -> Run:
            disk = bench.slow(rtt_ms)
            with disk.mounted() as path:
                run = run_command([sys.executable, "-c", code, path / place])
            return replace(run, requests=disk.requests)

        return {"ours": lambda: python(_SCAN), "serial walk": lambda: python(_WALK)}

    return Work(
        f"scan-{name}-{rtt_ms:g}ms",
        f"scan of {name} on the {rtt_ms:g} ms disk",
        prepare,
        (Goal("serial walk", at_least=8),),
        11,
        frozenset({"serial walk"}),
    )


def _rattler(bench: Bench, name: str, how: str, disk: Path) -> list[str | Path]:
    what = bench.reference(name)
    program = Path(__file__).with_name("rattler_peer.py")
    return [sys.executable, program, how, what.prefix, what.packages, disk / "copy"]


def _saved(command: list[str | Path], disk: Path) -> Run:
    words = " ".join(f"'{word}'" for word in command)
    return run_command([f"{words} && sync -f '{disk}'"], shell=True)
