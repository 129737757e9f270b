"""Cloning and scanning."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, on_local, on_slow
from benchmarks.measure import Goal, Run, Work, run_command
from benchmarks.reference import Reference

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
COPIER = "C copier"


def clone_onto_slow(bench: Bench, what: Reference, rtt_ms: float, goals: list[Goal]) -> Work:
    """Clone from the local disk onto the slow one; ``cp -a`` runs only where a goal asks."""

    def ours(disk: Path) -> Run:
        return bench.ma("env", "clone", what.prefix, "mine", disk=disk)

    contestants = {
        "ours": on_slow(bench, rtt_ms, ours),
        COPIER: on_slow(
            bench, rtt_ms, lambda d: run_command([bench.copier, "32", what.prefix, d / "copy"])
        ),
    }
    if any(goal.peer == "cp -a" for goal in goals):
        contestants["cp -a"] = on_slow(
            bench, rtt_ms, lambda d: run_command(["cp", "-a", what.prefix, d / "copy"])
        )
    return Work(
        f"clone-{what.name}-{rtt_ms:g}ms",
        f"clone {what.name} onto the {rtt_ms:g} ms disk",
        contestants,
        goals,
        frozenset({"cp -a"}),
    )


def clone_locally(bench: Bench, what: Reference) -> Work:
    """A real copy on the local disk, saved (ours syncs, so the peer does)."""

    def ours(disk: Path) -> Run:
        return bench.ma("env", "clone", what.prefix, "mine", disk=disk)

    def copy(disk: Path) -> Run:
        command = f"cp -a '{what.prefix}' '{disk}/copy' && sync -f '{disk}'"
        return run_command([command], shell=True)

    return Work(
        f"clone-{what.name}-local",
        f"clone {what.name} on the local disk, a real copy",
        {"ours": on_local(bench, ours), "cp -a": on_local(bench, copy)},
        [Goal("cp -a", at_most=1.1)],
    )


def scan_slow(bench: Bench, what: Reference, rtt_ms: float) -> Work:
    """Read names and attributes of a tree on the slow disk."""

    def python(code: str) -> Run:
        disk = bench.slow(rtt_ms)
        with disk.mounted() as path:
            run = run_command([sys.executable, "-c", code, path / "tree"])
        return replace(run, requests=disk.requests)

    place = bench.slow(rtt_ms).source / "tree"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        run_command(["cp", "-a", what.prefix, place])
    return Work(
        f"scan-{what.name}-{rtt_ms:g}ms",
        f"scan of {what.name} on the {rtt_ms:g} ms disk",
        {"ours": lambda: python(_SCAN), "serial walk": lambda: python(_WALK)},
        [Goal("serial walk", at_least=8)],
    )
