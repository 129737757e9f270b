"""A bar chart as SVG: how many times faster than each peer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

_LEFT, _WIDTH, _ROW = 330, 300, 30


def bars(rows: Sequence[tuple[str, float, str, float]]) -> str:
    """One bar a row of (work, our seconds, peer, its seconds), on a logarithmic scale."""
    ratios = [peer / ours for _, ours, _, peer in rows]
    top = math.log10(max([10.0, *ratios]))
    parts = []
    for index, ((work, ours, name, peer), ratio) in enumerate(zip(rows, ratios, strict=True)):
        y = index * _ROW + 8
        length = max(2.0, _WIDTH * math.log10(max(ratio, 1)) / top)
        label = f"{ratio:.1f}x ({ours:.2f} s, {peer:.2f} s)"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 9}" text-anchor="end">{escape(work)}</text>'
            f'<text x="{_LEFT - 8}" y="{y + 19}" text-anchor="end" class="peer">'
            f"against {escape(name)}</text>"
            f'<rect x="{_LEFT}" y="{y}" width="{length:.0f}" height="18" rx="2"/>'
            f'<text x="{_LEFT + length + 6:.0f}" y="{y + 13}">{label}</text>'
        )
    height = len(rows) * _ROW + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 170}" height="{height}" '
        'font-family="sans-serif" font-size="11"><style>rect{fill:#2a78c2}text{fill:#666}'
        ".peer{font-size:9px}</style>" + "".join(parts) + "</svg>\n"
    )
