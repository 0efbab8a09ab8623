"""The arena over time, as SVG: a block is as wide as it lives and as high as it is large."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from converters.report.facts import Facts, Taken

WIDTH, HEIGHT, LEFT, BELOW = 960, 360, 70, 40
HUE = 137.508
"""Degrees of the golden angle: neighbours differ."""


def picture(facts: Facts) -> str:
    """An ``<svg>`` element; a block's title is its name and place."""
    columns = len(facts.layers) + 2
    parts = [
        f'<svg viewBox="0 0 {LEFT + WIDTH + 10} {HEIGHT + BELOW + 10}" role="img" '
        f'aria-label="arena of {facts.arena_bytes} bytes over {len(facts.layers)} layers">',
        *_axis(facts, columns),
        *(_block(facts, b, i, columns) for i, b in enumerate(facts.arena)),
        "</svg>",
    ]
    return "\n".join(parts)


def _axis(facts: Facts, columns: int) -> Iterator[str]:
    for k in range(5):
        n = facts.arena_bytes * k // 4
        y = _y(facts, n)
        yield f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{n:,}</text>'
    every = max(1, columns // 24)
    for i in range(0, len(facts.layers), every):
        x = LEFT + (i + 1.5) * WIDTH / columns
        yield f'<text x="{x:.1f}" y="{HEIGHT + 24}" text-anchor="middle">{i}</text>'
    yield f'<text x="{LEFT + WIDTH / 2}" y="{HEIGHT + BELOW}" text-anchor="middle">layer</text>'


def _block(facts: Facts, b: Taken, index: int, columns: int) -> str:
    x, width = LEFT + (b.first + 1) * WIDTH / columns, (b.last - b.first + 1) * WIDTH / columns
    top, bottom = _y(facts, b.offset + b.bytes), _y(facts, b.offset)
    color = "#8888" if b.name.startswith("scratch ") else f"hsl({index * HUE % 360:.0f} 60% 60% / .8)"
    title = f"{b.name}: {b.bytes:,} B at {b.offset:,}, layers {b.first} to {b.last}"
    return (
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(bottom - top, 0.5):.1f}" fill="{color}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _y(facts: Facts, offset: int) -> float:
    return 10 + HEIGHT * (1 - offset / max(1, facts.arena_bytes))
