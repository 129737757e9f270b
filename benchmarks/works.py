"""The rows of the table, in the order in which they run."""

from __future__ import annotations

from benchmarks import archives, copying, filling, sealed, starting
from benchmarks.bench import Bench
from benchmarks.measure import Goal, Work

_LIMIT = Goal(copying.COPIER, at_most=1.3)
_PACK_BIG = (
    Goal(archives.CONDA_PACK, at_least=9),
    Goal(archives.CONDA_PACK, at_most=1, what="size"),
    Goal(archives.TAR_ZST, at_most=1.2),
    archives.MEMORY,
)


def all_works(bench: Bench, *, quick: bool) -> list[Work]:
    """All of them; ``quick``: those of the small environment, and not the slowest.

    The issue sets no goals for the disks of 0.2 and 2 ms.
    """
    works = [
        starting.command_help(),
        starting.load_extension(bench),
        starting.restore(bench, 1, installs=3 if quick else 10),
        starting.list_environments(bench, 1),
        copying.scan_slow(bench, "small", 1),
        archives.pack_locally(bench, "small", (), 7, conda_pack=True),
        archives.pack_from_slow(bench, "small", 1, 6),
        archives.pack_to_slow(bench, "small", 1, 4),
        copying.clone_onto_slow(
            bench,
            "small",
            1,
            (Goal("cp -a", at_least=12), _LIMIT),
            45 if quick else 140,
            serial=True,
            rattler=not quick,
        ),
        archives.unpack_onto_slow(bench, "small", 1, 70 if quick else 155),
    ]
    if quick:
        return works
    return [
        *works,
        copying.clone_onto_slow(bench, "small", 0.2, (), 38, serial=True),
        copying.clone_onto_slow(bench, "small", 2, (), 155, serial=True),
        copying.clone_onto_slow(bench, "big", 1, (_LIMIT, archives.MEMORY), 50),
        copying.clone_onto_slow(bench, "big-conda", 1, (_LIMIT, archives.MEMORY), 50),
        # Before those that write much to the local disk and remove it.
        copying.clone_by_links(bench, "big", 10),
        copying.clone_by_links(bench, "big-conda", 13, rattler=True),
        copying.clone_locally(bench, "big", 50),
        copying.clone_locally(bench, "big-conda", 65, rattler=True),
        archives.pack_locally(bench, "big", _PACK_BIG, 170, conda_pack=True),
        archives.pack_locally(bench, "big-conda", _PACK_BIG[2:], 40, conda_pack=False),
        archives.pack_to_slow(bench, "big", 1, 38),
        archives.pack_from_slow(bench, "big", 1, 48),
        archives.unpack_to_memory(bench, "big", 90),
        sealed.seal(bench, "big", None, 60),
        sealed.seal(bench, "big", 1, 90),
        sealed.save(bench, "big", 1, 20),
        sealed.clone(bench, "big", 1, 30),
        filling.fill(bench, "big", 20, memory=True),
        filling.fill(bench, "big", 35, memory=False),
        filling.start_cold(bench, "big", 1, 25, memory=True),
        filling.start_cold(bench, "big", 1, 45, memory=False),
        filling.start_ready(bench, "big", 6),
    ]
