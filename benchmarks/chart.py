"""A bar chart as SVG: how many times faster than each peer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_LEFT, _WIDTH, _ROW = 330, 300, 30


@dataclass(frozen=True)
class Bar:
    """Our seconds against a peer's, how many times faster that is, and how many it should be."""

    work: str
    ours: float
    name: str
    peer: float
    ratio: float
    goal: float


def bars(rows: Sequence[Bar]) -> str:
    """One bar a row on a logarithmic scale, with a line where its goal is."""
    top = math.log10(max([10.0, *(max(row.ratio, row.goal) for row in rows)]))

    def length(ratio: float) -> float:
        return max(2.0, _WIDTH * math.log10(max(ratio, 1)) / top)

    parts = []
    for index, row in enumerate(rows):
        y, long, goal = index * _ROW + 8, length(row.ratio), length(row.goal)
        label = f"{row.ratio:.1f}x ({row.ours:.2f} s, {row.peer:.2f} s)"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 9}" text-anchor="end">{escape(row.work)}</text>'
            f'<text x="{_LEFT - 8}" y="{y + 19}" text-anchor="end" class="peer">'
            f"against {escape(row.name)}</text>"
            f'<rect x="{_LEFT}" y="{y}" width="{long:.0f}" height="18" rx="2"/>'
            f'<path d="M{_LEFT + goal:.0f} {y - 3}v24"/>'
            f'<text x="{_LEFT + max(long, goal) + 6:.0f}" y="{y + 13}">{label}</text>'
        )
    height = len(rows) * _ROW + 8
    parts.append(f'<text x="{_LEFT}" y="{height + 12}" class="peer">black line: the goal</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 170}" '
        f'height="{height + 20}" font-family="sans-serif" font-size="11">'
        "<style>rect{fill:#2a78c2}text{fill:#666}path{stroke:#333;stroke-width:2}"
        ".peer{font-size:9px}</style>" + "".join(parts) + "</svg>\n"
    )
