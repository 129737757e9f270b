"""Measure ours against the peers: ``python benchmarks/run.py [--quick] [--only KEY]``.

The whole run builds both reference environments once (10 GB on the way, kept in the cache folder,
``MODELARTS_NB_BENCH_CACHE``), takes about an hour (``--once``: half of it) and writes
``docs/benchmarks.md`` and its chart.
``--quick`` takes the small one, measures the slow peers once, takes under five minutes and only
prints.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before anything reads them: no disk, owner or conda of whoever runs this.
for variable in [name for name in os.environ if name.startswith(("MODELARTS_NB_", "CONDA_"))]:
    if variable not in ("MODELARTS_NB_BENCH_CACHE", "MODELARTS_NB_TEST_CACHE"):
        del os.environ[variable]

from benchmarks import archives, copying, reference, report, starting, tools  # noqa: E402
from benchmarks.bench import MEMORY, Bench  # noqa: E402
from benchmarks.measure import Goal, Work, measure  # noqa: E402

_DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure ours against the peers.")
    parser.add_argument("--quick", action="store_true", help="the small environment, 5 minutes")
    parser.add_argument("--once", action="store_true", help="the slowest peers a single time")
    parser.add_argument("--only", metavar="KEY", help="works whose key has this in it")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    options = parser.parse_args()
    cache = Path(
        os.environ.get("MODELARTS_NB_BENCH_CACHE") or Path.home() / ".cache/modelarts_nb-bench"
    )
    cache.mkdir(parents=True, exist_ok=True)
    references: list[reference.Reference] = []
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=cache) as folder,
        tempfile.TemporaryDirectory(prefix="modelarts_nb-bench-", dir=MEMORY) as memory,
    ):
        programs = tools.copier(cache), tools.slowfs(cache)
        bench = Bench(cache, Path(folder), Path(memory), *programs)
        for key, prepare in _works(bench, cache, references, quick=options.quick):
            if not options.only or options.only in key:
                work = prepare()
                tools.say(work.title)
                results.append(measure(work, options.rounds, once=options.once or options.quick))
    print(report.table(results))
    if not options.quick and not options.only:
        report.write(_DOCS, results, references)


def _works(
    bench: Bench, cache: Path, references: list[reference.Reference], *, quick: bool
) -> Iterator[tuple[str, Callable[[], Work]]]:
    """All works, each prepared when its turn comes."""
    small = reference.small(cache)
    references.append(small)
    cp, limit = Goal("cp -a", at_least=12), Goal(copying.COPIER, at_most=1.3)
    pack = [Goal("tar | zstd -3 -T0", at_most=1.2), Goal("conda-pack", at_least=9)]
    yield "help", starting.command_help
    yield "load-ext", lambda: starting.load_extension(bench)
    yield "restore", lambda: starting.restore(bench, 1, installs=3 if quick else 10)
    yield "list", lambda: starting.list_environments(bench, 1)
    yield "scan", lambda: copying.scan_slow(bench, small, 1)
    yield "pack-from-slow", lambda: archives.pack_from_slow(bench, small, 1)
    yield "pack-to-slow", lambda: archives.pack_to_slow(bench, small, 1)
    yield "pack-small", lambda: archives.pack_locally(bench, small, [])
    yield "clone-small-1", lambda: copying.clone_onto_slow(bench, small, 1, [cp, limit])
    yield "unpack-small", lambda: archives.unpack_onto_slow(bench, small, 1)
    if quick:
        return
    for rtt_ms in (0.2, 2):
        yield (
            f"clone-small-{rtt_ms:g}",
            partial(copying.clone_onto_slow, bench, small, rtt_ms, [cp, limit]),
        )
    big = reference.big(cache)
    references.append(big)
    yield "clone-big-1", lambda: copying.clone_onto_slow(bench, big, 1, [limit])
    yield "clone-big-local", lambda: copying.clone_locally(bench, big)
    yield "pack-big", lambda: archives.pack_locally(bench, big, pack)
    yield "unpack-big", lambda: archives.unpack_to_memory(bench, big)


if __name__ == "__main__":
    main()
