"""Measure ours against the peers: ``python benchmarks/run.py [--quick] [--only KEY ...]``.

The whole run builds the reference environments once (12 GB stay in the cache folder,
``--cache`` or ``MODELARTS_NB_BENCH_CACHE``), takes about an hour on two quiet cores and writes
``docs/benchmarks.json`` after every row, and at the end the page and the chart made from it.
``--resume`` goes on with a run that was interrupted; ``--only`` measures some rows anew and leaves
the others as they are; ``--page`` measures nothing. ``--quick`` takes the small environment and
under five minutes, and only prints.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before anything reads them: no disk, owner or conda of whoever runs this.
for variable in [name for name in os.environ if name.startswith(("MODELARTS_NB_", "CONDA_"))]:
    if variable not in ("MODELARTS_NB_BENCH_CACHE", "MODELARTS_NB_TEST_CACHE"):
        del os.environ[variable]

from benchmarks import page, report  # noqa: E402
from benchmarks.bench import Bench, opened  # noqa: E402
from benchmarks.measure import Failed, Skip, Work, measure  # noqa: E402
from benchmarks.results import Results, Row, commit  # noqa: E402
from benchmarks.tools import say  # noqa: E402
from benchmarks.works import all_works  # noqa: E402

_DOCS = Path(__file__).resolve().parents[1] / "docs"
_CACHE = os.environ.get("MODELARTS_NB_BENCH_CACHE") or Path.home() / ".cache/modelarts_nb-bench"


def main() -> None:
    """Parse the command line and measure."""
    options = _options()
    # Else a slow disk would stay mounted.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    options.cache.mkdir(parents=True, exist_ok=True)
    with opened(options.cache) as bench:
        works = all_works(bench, quick=options.quick)
        results = Results.read(options.out / "benchmarks.json")
        if options.quick:
            results = Results(options.cache / "quick.json")
        chosen = [] if options.page else _chosen(works, results, options)
        if chosen:
            if not (options.only or options.resume):
                results.begin()
            _build(bench, chosen)
            _foretell(chosen, results, options)
            for work in chosen:
                _measure(bench, work, results, options)
    print(report.table(works, results))
    if not options.quick:
        page.write(options.out, works, results)
    if any(results.rows[work.key].skipped.startswith("failed") for work in chosen):
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure ours against the peers.")
    parser.add_argument("--quick", action="store_true", help="the small environment, 4 minutes")
    parser.add_argument("--once", action="store_true", help="the slowest peers a single time")
    parser.add_argument(
        "--only", metavar="KEY", nargs="+", help="rows of this key, or whose keys begin so"
    )
    parser.add_argument("--resume", action="store_true", help="rows that the last run lacks")
    parser.add_argument("--page", action="store_true", help="write the page again, measure nothing")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--cache", type=Path, default=Path(_CACHE), help="reference environments")
    parser.add_argument("--out", type=Path, default=_DOCS, help="results (default: docs)")
    return parser.parse_args()


def _chosen(works: list[Work], results: Results, options: argparse.Namespace) -> list[Work]:
    if options.only:
        exact = {work.key for work in works}
        named = tuple(key for key in options.only if key not in exact)
        works = [w for w in works if w.key in options.only or w.key.startswith(named)]
        if not works:
            sys.exit("no row has a key that begins so")
    if options.resume:
        rows = results.rows
        works = [w for w in works if not _done(rows.get(w.key), results)]
    return works


def _done(row: Row | None, results: Results) -> bool:
    """Has the last whole run measured it?"""
    return row is not None and bool(row.runs) and row.whole == results.whole


def _build(bench: Bench, works: list[Work]) -> None:
    """What the works need, before the time of the first counts."""
    keys = " ".join(work.key for work in works)
    for name in ("small", "big-conda", "big"):
        if name.partition("-")[0] in keys:
            bench.reference(name)


def _foretell(works: list[Work], results: Results, options: argparse.Namespace) -> None:
    """Say how long it will take, from what it took before."""
    once = options.quick or options.once
    seconds = 0.0
    for work in works:
        row = results.rows.get(work.key)
        known = row is not None and not row.skipped
        a_round = row.elapsed / row.rounds if row is not None and known else work.guess + 2
        seconds += a_round * (1.5 if once and work.slow else options.rounds)
    say(
        f"{len(works)} rows, {options.rounds} rounds{' (slow peers: one)' if once else ''}: "
        f"about {seconds / 60:.0f} minutes on a quiet machine"
    )


def _measure(bench: Bench, work: Work, results: Results, options: argparse.Namespace) -> None:
    say(work.title)
    began = time.monotonic()
    quick = options.quick
    row = Row({}, time.strftime("%Y-%m-%d"), commit(), results.whole, 0, options.rounds)
    try:
        row.runs = measure(work, options.rounds, once=options.once or quick, decide=quick)
    except Skip as reason:
        row.skipped = str(reason)
        say(f"  skipped: {reason}")
    except (Failed, OSError) as error:
        # One row less; the others are still worth their hour.
        row.skipped = f"failed: {str(error).splitlines()[0]}"
        say(f"  FAILED: {error}")
    finally:
        bench.clean()
    row.elapsed = round(time.monotonic() - began, 1)
    results.references |= {name: one.described for name, one in bench.built.items()}
    results.keep(work.key, row)


if __name__ == "__main__":
    main()
