"""``docs/shell-benchmarks.md``, from what was measured."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from statistics import median, quantiles

from benchmarks.report import BUSY
from benchmarks.results import commit, machine

SHARE, ADDED_MS = 0.8, 5.0


def _empty() -> dict[str, list[float]]:
    return defaultdict(list)


@dataclass
class Figures:
    """What each contestant did in each run.

    Attributes:
        pipe, terminal, tab: MB/s.
        key: milliseconds of each key.
        others: cores that others used before each run.
    """

    megabytes: int
    keys: int
    tab_megabytes: int
    pipe: dict[str, list[float]] = field(default_factory=_empty)
    terminal: dict[str, list[float]] = field(default_factory=_empty)
    tab: dict[str, list[float]] = field(default_factory=_empty)
    key: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    others: list[float] = field(default_factory=list)

    @property
    def shares(self) -> list[float]:
        """Our throughput as a part of ssh's: through a pipe, and in a terminal."""
        return [median(flow["ours"]) / median(flow["ssh"]) for flow in (self.pipe, self.terminal)]

    @property
    def added(self) -> float:
        """Milliseconds that the median key takes longer than through ssh."""
        ours, ssh = (median(chain.from_iterable(self.key[who])) for who in ("ours", "ssh"))
        return ours - ssh

    @property
    def met(self) -> bool:
        """Are all goals met?"""
        return min(self.shares) >= SHARE and self.added <= ADDED_MS


def text(figures: Figures, command: str) -> str:
    """The page."""
    late = {who: _late(runs) for who, runs in figures.key.items()}
    keys = {who: [*chain.from_iterable(runs)] for who, runs in figures.key.items()}
    goal = f"≥ {SHARE:g} of ssh"
    piped, shown = figures.shares
    rows = [
        _row("MB/s through a pipe", figures.pipe, "ssh", goal, f"{piped:.2f}", piped >= SHARE),
        _row("MB/s in a terminal", figures.terminal, "ssh", goal, f"{shown:.2f}", shown >= SHARE),
        _row(
            "a key, ms",
            keys,
            "ssh",
            f"≤ {ADDED_MS:g} ms more",
            f"{figures.added:+.2f} ms",
            figures.added <= ADDED_MS,
        ),
        f"| a key, ms, 99 of 100 | {late['ours']:.2f} | ssh: {late['ssh']:.2f} | | | |",
    ]
    if figures.tab:
        [peer] = figures.tab.keys() - {"ours"}
        share = median(figures.tab["ours"]) / median(figures.tab[peer])
        rows.append(_row("MB/s drawn in a browser's tab", figures.tab, peer, "", f"{share:.2f}"))
    noisy = [cores for cores in figures.others if cores > BUSY]
    doubt = (
        f"\nOthers used up to {max(noisy):.1f} cores before {len(noisy)} of the runs: trust the "
        "ratios, not the figures.\n"
        if noisy
        else ""
    )
    tab = (
        f"The tab is in Chromium without a window, whose graphics are drawn by the processor: "
        f"{figures.tab_megabytes} MB of numbers,\nuntil the last one is on the screen; there the "
        "drawing is what takes the time.\n"
        if figures.tab
        else ""
    )
    return f"""# Benchmarks of shells

Written by `{command}`. Ours and the peer in turn in the same run, medians of
{len(figures.others)} runs. Both go into OpenSSH's own server on loopback with the same key and are
counted from the first byte: {figures.megabytes} MB of zeros; {figures.keys} keys a run, one after
the other, each until its echo is back. Ciphers are what each agrees on with the server by itself.
{tab}
- {machine()}
- {", ".join(_versions(bool(figures.tab)))}
- {time.strftime("%Y-%m-%d")}, commit {commit()}
{doubt}
| | ours | peer | goal | ratio | met |
|---|--:|--:|---|--:|---|
{chr(10).join(rows)}
"""


def _row(
    name: str,
    flow: dict[str, list[float]],
    peer: str,
    goal: str,
    value: str,
    met: bool | None = None,
) -> str:
    ours, theirs = _figure(median(flow["ours"])), _figure(median(flow[peer]))
    verdict = "" if met is None else "yes" if met else "**no**"
    return f"| {name} | {ours} | {peer}: {theirs} | {goal} | {value} | {verdict} |"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _late(runs: list[list[float]]) -> float:
    return quantiles(chain.from_iterable(runs), n=100)[98]


def _versions(tab: bool) -> list[str]:
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    found = [f"asyncssh {version('asyncssh')}", ssh.strip()]
    if tab:
        from tests.ui.conftest import CHROMIUM

        browser = [CHROMIUM or "chromium", "--version"]
        said = subprocess.run(browser, capture_output=True, text=True, check=True).stdout
        found += [f"JupyterLab {version('jupyterlab')}", said.strip()]
    return found
