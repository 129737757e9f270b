"""The full counts of the fault tests: ``python benchmarks/soak.py`` writes ``docs/soak.md``.

On the small reference environment, in memory (``--folder`` for a disk) and on slowfs: kill -9 of
every operation at random moments, a disk that fails at random requests, two hosts that want the
same names. About an hour on two quiet cores; ``--resume`` goes on where a run was interrupted.
``--quick`` takes a tenth of the counts and only prints. What goes wrong is printed with its seed
and ends the run with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Before anything reads them: no disk, owner or conda of whoever runs this.
for variable in [name for name in os.environ if name.startswith(("MODELARTS_NB_", "CONDA_"))]:
    if variable not in ("MODELARTS_NB_BENCH_CACHE", "MODELARTS_NB_TEST_CACHE"):
        del os.environ[variable]

from benchmarks import reference, tools  # noqa: E402
from tests.faults import failing, hosts, killing, sealed_hosts, sealed_judge  # noqa: E402
from tests.faults.deeds import DEEDS, moments  # noqa: E402
from tests.faults.sealed_deeds import LOCAL, SEALED  # noqa: E402
from tests.faults.sealed_world import SealedWorld  # noqa: E402
from tests.faults.world import World  # noqa: E402
from tests.slowfs.mount import SlowFs  # noqa: E402

_DOCS = Path(__file__).resolve().parents[1] / "docs"
_PARTS = ("kills", "faults", "fights")


@dataclass
class Tally:
    """What came of the cases of one deed."""

    deed: str
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def take(self, case: object, judge: Callable[[], str]) -> None:
        """Run one case and keep its outcome."""
        began = time.monotonic()
        try:
            self.counts[judge()] += 1
        except AssertionError as error:
            self.wrong.append(f"{self.deed} {case}: {error}")
            tools.say(f"WRONG {self.wrong[-1]}")
        self.seconds += time.monotonic() - began

    @property
    def cases(self) -> int:
        """How many were run."""
        return sum(self.counts.values()) + len(self.wrong)


class Results:
    """The tallies of a run, kept in a file after each: what was interrupted can go on."""

    def __init__(self, path: Path, seed: int, *, resume: bool) -> None:
        self._path = path
        self.seed = seed
        self._parts: dict[str, list[Tally]] = {}
        if resume and path.exists():
            kept = json.loads(path.read_text("utf-8"))
            self.seed = int(kept["seed"])
            for part, tallies in kept["parts"].items():
                self._parts[part] = [
                    Tally(t["deed"], Counter(t["counts"]), t["wrong"], t["seconds"])
                    for t in tallies
                ]

    def of(self, part: str) -> list[Tally]:
        """``kills``, ``faults`` or ``fights``: one tally for each deed."""
        return self._parts.get(part, [])

    def lacks(self, part: str, deed: str) -> bool:
        """Is it still to be done?"""
        return all(tally.deed != deed for tally in self.of(part))

    def keep(self, part: str, tally: Tally) -> None:
        """It is done."""
        self._parts.setdefault(part, []).append(tally)
        parts = {part: [vars(tally) for tally in each] for part, each in self._parts.items()}
        text = json.dumps({"seed": self.seed, "parts": parts}, indent=1)
        self._path.write_text(text, "utf-8")

    def chance(self, part: str, deed: str) -> random.Random:
        """The same cases for the same seed, whatever was done before."""
        return random.Random(f"{self.seed} {part} {deed}")


def main() -> int:
    """Parse the command line and run; the number of cases that went wrong, at most 1."""
    parser = argparse.ArgumentParser(description="The full counts of the fault tests.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts; only prints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=24, help="of each operation (default: 24)")
    parser.add_argument("--faults", type=int, default=12, help="of each operation (default: 12)")
    parser.add_argument("--rounds", type=int, default=1000, help="of both hosts (default: 1000)")
    parser.add_argument(
        "--folder", type=Path, default=Path("/dev/shm"), help="what is broken is there; needs 4 GB"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the last run")
    parser.add_argument("--page", action="store_true", help="write what there is, run nothing")
    options = parser.parse_args()
    # Else slow disks would stay mounted.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    share = 10 if options.quick else 1
    cache = Path(
        os.environ.get("MODELARTS_NB_BENCH_CACHE") or Path.home() / ".cache/modelarts_nb-bench"
    )
    cache.mkdir(parents=True, exist_ok=True)
    small = reference.small(cache)
    program = Path(tools.slowfs(cache))
    kept = Results(
        cache / ("soak-quick.json" if options.quick else "soak.json"),
        options.seed,
        resume=options.resume or options.page,
    )
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.folder) as folder:
        work = Path(folder)
        if not options.page:
            _kills(small, work, max(2, options.kills // share), kept)
            _sealed_kills(work, max(2, options.kills // share), kept)
            _fights(program, work, options.rounds // share, kept)
            _sealed_fight(work, options.rounds // share, kept)
            _faults(small, program, work, max(2, options.faults // share), kept)
            _sealed_faults(program, work, max(2, options.faults // share), kept)
    text = _report(small, options.folder, kept)
    print(text)
    if not options.quick:
        (_DOCS / "soak.md").write_text(text, "utf-8")
    return int(any(tally.wrong for part in _PARTS for tally in kept.of(part)))


def _kills(small: reference.Reference, work: Path, count: int, kept: Results) -> None:
    """kill -9 at random moments, and once in every phase."""
    if not (deeds := [deed for deed in DEEDS if kept.lacks("kills", deed)]):
        return
    world = World(work / "kills", work / "kills/disk", small.channel.as_uri(), image=small.prefix)
    world.root.mkdir(parents=True)
    world.build()
    for deed in deeds:
        tools.say(f"kill -9: {deed}")
        chance = kept.chance("kills", deed)
        course = killing.undisturbed(deed, world)
        tally = Tally(deed)
        cases = list(moments(course.phases, course.total, chance.randrange(1 << 30)).values())
        while len(cases) < count:
            cases.append(killing.at_random(course, chance))
        for moment in cases:
            tally.take(moment, partial(killing.kill_and_judge, course, world, moment))
        kept.keep("kills", tally)
    shutil.rmtree(world.base)


def _faults(
    small: reference.Reference, program: Path, work: Path, count: int, kept: Results
) -> None:
    """Each error in turn, at random requests."""
    if not (deeds := [deed for deed in DEEDS if kept.lacks("faults", deed)]):
        return
    fs = SlowFs(program, work / "faults/fs", 0, cached=False)
    try:
        world = World(
            work / "faults", fs.path, small.channel.as_uri(), behind=fs.source, image=small.prefix
        )
        world.build()
        for deed in deeds:
            tools.say(f"a failing disk: {deed}")
            chance = kept.chance("faults", deed)
            course = killing.undisturbed(deed, world, fs)
            tally = Tally(deed)
            for number in range(count):
                error = failing.ERRORS[number % len(failing.ERRORS)]
                trouble = failing.at_random(error, course.needed, chance)
                tally.take(trouble, partial(failing.fail_and_judge, course, world, fs, trouble))
            kept.keep("faults", tally)
    finally:
        fs.unmount()
    shutil.rmtree(work / "faults")


def _sealed_kills(work: Path, count: int, kept: Results) -> None:
    """The same of the verbs of sealed environments, on a small one made by hand."""
    if not (deeds := [deed for deed in SEALED if kept.lacks("kills", deed)]):
        return
    base = work / "sealed"
    world = SealedWorld(base, base / "disk", "", local=work / "l")
    world.root.mkdir(parents=True)
    world.build()
    for deed in deeds:
        tools.say(f"kill -9: {deed}")
        chance = kept.chance("kills", deed)
        course = sealed_judge.undisturbed(deed, world)
        tally = Tally(deed)
        cases = list(moments(course.phases, course.total, chance.randrange(1 << 30)).values())
        while len(cases) < count:
            cases.append(killing.at_random(course, chance))
        for moment in cases:
            tally.take(moment, partial(sealed_judge.kill_and_judge, course, world, moment))
        kept.keep("kills", tally)
    shutil.rmtree(base)
    shutil.rmtree(world.local)


def _sealed_faults(program: Path, work: Path, count: int, kept: Results) -> None:
    """The disk fails under the verbs of sealed environments; under some of them the local one."""
    for local, deeds in ((False, tuple(SEALED)), (True, LOCAL)):
        named = {f"{deed} (local disk)" if local else deed: deed for deed in deeds}
        if not (lacking := [name for name in named if kept.lacks("faults", name)]):
            continue
        folder = work / ("n", "l")[local]
        fs = SlowFs(program, folder / "x", 0, cached=False)
        try:
            base = folder / "b"
            (base / "disk").mkdir(parents=True)
            if local:
                world = SealedWorld(base, base / "disk", "", local=fs.path, behind_local=fs.source)
            else:
                world = SealedWorld(base, fs.path, "", behind=fs.source, local=folder / "l")
            world.build()
            for name in lacking:
                tools.say(f"a failing disk: {name}")
                chance = kept.chance("faults", name)
                course = sealed_judge.undisturbed(named[name], world, fs)
                tally = Tally(name)
                errors = failing.possible(course.needed)
                for number in range(count):
                    error = errors[number % len(errors)]
                    trouble = failing.at_random(error, course.needed, chance)
                    tally.take(trouble, partial(_fail_sealed, course, world, fs, trouble))
                kept.keep("faults", tally)
        finally:
            fs.unmount()
        shutil.rmtree(folder)


def _fail_sealed(
    course: sealed_judge.Course, world: SealedWorld, fs: SlowFs, trouble: failing.Trouble
) -> str:
    rule = trouble.rule(fs.counts()["bytes_written"])
    return sealed_judge.fail_and_judge(course, world, fs, rule)


def _fights(program: Path, work: Path, rounds: int, kept: Results) -> None:
    """Two hosts, with their locks and without."""
    for locked in (True, False):
        name = "with locks" if locked else "without any lock"
        if not kept.lacks("fights", name):
            continue
        tools.say(f"two hosts {name}")
        base = work / name.replace(" ", "-")
        fss = [SlowFs(program, base / n, 100, shared=base / "disk") for n in ("one", "two")]
        tally = Tally(name)
        began = time.monotonic()
        try:
            roots = [fs.path for fs in fss]
            tally.counts = hosts.fight(roots, base, rounds, kept.seed, locked=locked)
        except AssertionError as error:
            tally.wrong.append(str(error))
            tools.say(f"WRONG {name}: {error}")
        finally:
            for fs in fss:
                fs.unmount()
        tally.seconds = time.monotonic() - began
        kept.keep("fights", tally)


def _sealed_fight(work: Path, rounds: int, kept: Results) -> None:
    """Two containers with sealed environments, which collect garbage all the time."""
    name = "sealed environments"
    if not kept.lacks("fights", name):
        return
    tools.say(f"two containers with {name}")
    base, tally = work / "h", Tally(name)
    (base / "disk").mkdir(parents=True)
    began = time.monotonic()
    try:
        tally.counts = sealed_hosts.fight(base / "disk", base, rounds, kept.seed)
    except AssertionError as error:
        tally.wrong.append(str(error))
        tools.say(f"WRONG {name}: {error}")
    tally.seconds = time.monotonic() - began
    kept.keep("fights", tally)
    shutil.rmtree(base)


def _report(small: reference.Reference, folder: Path, kept: Results) -> str:
    kills, faults, fights = (kept.of(part) for part in _PARTS)
    lines = [
        "# Soak",
        "",
        "Written by `make soak` (`benchmarks/soak.py`); what a case does and what counts as wrong",
        "is in `tests/faults/`. `make test` runs a seeded sample of the same.",
        "",
        f"On {small.described}; {platform.system()} {platform.release()}, {os.cpu_count()} cores, "
        f"{time.strftime('%Y-%m-%d')}, seed {kept.seed}, in {folder}.",
        "",
        "## kill -9",
        "",
        "Each operation is killed once in every phase, then at random moments: right before the",
        "n-th thing it asks of the disk, every third time some milliseconds later. Then what",
        "tidies up by itself runs, the environments must be as before or as after",
        "(`check --deep`), no staging and no note may be left, nobody may seem to work, and the",
        "next operation on the same name must work at once. Of sealed environments every version",
        "and what was not saved must still be there, and their images.",
        "",
        "| operation | kills | old state found | new state found | wrong | minutes |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {t.deed} | {t.cases} | {t.counts['old']} | {t.counts['new']} | {len(t.wrong)} "
        f"| {t.seconds / 60:.1f} |"
        for t in kills
    ]
    lines += [
        f"| **all** | **{sum(t.cases for t in kills)}** | {sum(t.counts['old'] for t in kills)} "
        f"| {sum(t.counts['new'] for t in kills)} | **{sum(len(t.wrong) for t in kills)}** "
        f"| {sum(t.seconds for t in kills) / 60:.0f} |",
        "",
        *_lacking(kept, "kills"),
        "## A disk that fails",
        "",
        f"{', '.join(failing.ERRORS)} in turn, from a random request on or only once, or after a",
        "random number of bytes (slowfs). There must be an error with a type or none at all, the",
        "source untouched, nothing half or left; then the same command must work.",
        "",
        "| operation | cases | said | wrong | minutes |",
        "|---|--:|---|--:|--:|",
    ]
    lines += [
        f"| {t.deed} | {t.cases} | {_said(t.counts)} | {len(t.wrong)} | {t.seconds / 60:.1f} |"
        for t in faults
    ]
    lines += [
        f"| **all** | **{sum(t.cases for t in faults)}** | "
        f"| **{sum(len(t.wrong) for t in faults)}** | {sum(t.seconds for t in faults) / 60:.0f} |",
        "",
        *_lacking(kept, "faults"),
        "`done`: the failure was overcome, or met only what may fail (tidying up, listing names).",
        "`(new)`: the new state was in place although the disk would not confirm it.",
        "",
        "## Two hosts",
        "",
        "Two mounts of one folder, two processes, clocks two minutes apart; create, remove, rename",
        "and tidy of the same three names (two differ only in case). Never two winners, no",
        "environment lost, none that its maker was told does not exist, no rude error.",
        "With sealed environments: seal, save, rollback, undo, clone, open, fill, remove, restore",
        "and gc; no version, in the bin or not, may ever miss an image.",
        "",
        "| | rounds | how they ended | wrong | minutes |",
        "|---|--:|---|--:|--:|",
    ]
    lines += [
        f"| {t.deed} | {t.cases} | {_said(t.counts)} | {len(t.wrong)} | {t.seconds / 60:.1f} |"
        for t in fights
    ]
    wrong = [text for tally in [*kills, *faults, *fights] for text in tally.wrong]
    if wrong:
        lines += ["", "## Wrong", "", *(f"```\n{text}\n```" for text in wrong)]
    return "\n".join([*lines, ""])


def _lacking(kept: Results, part: str) -> list[str]:
    """What of a part was not run, said plainly."""
    names = [deed for deed in (*DEEDS, *SEALED) if kept.lacks(part, deed)]
    return [f"**Not run yet**: {', '.join(names)}.", ""] if names else []


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
