"""What was to be reached (``anchors.toml``), and what was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from converters.measure.anchors import anchors
from converters.measure.result import Result
from converters.measure.table import Row


@dataclass(frozen=True)
class Bar:
    """``value`` must not be above ``limit``; None: nothing to judge by. ``worst``: the model that decides."""

    what: str
    limit: float
    value: float | None
    worst: str = ""

    @property
    def met(self) -> bool:
        return self.value is not None and self.value <= self.limit


def bars(rows: Sequence[Row]) -> list[Bar]:
    """All of them, bit-exactness first."""
    wrong = [
        f"{row.subject.name} on {board}"
        for row in rows
        for board, r in row.results.items()
        if isinstance(r, str) or not r.bit_exact
    ]
    return [
        Bar("runs that fail or differ from TFLM", 0, float(len(wrong)), ", ".join(wrong[:3])),
        *(bar for board, core in anchors().boards.items() for bar in _instructions(rows, board, core)),
        *_sizes(rows),
    ]


def geometric_mean(rows: Iterable[Row], board: str) -> float | None:
    """Of the ratios of all models that have one."""
    logs = [math.log(x) for r in rows if (x := r.ratio(board))]
    return math.exp(sum(logs) / len(logs)) if logs else None


def results(rows: Iterable[Row]) -> list[Result]:
    return [r for row in rows for r in row.results.values() if isinstance(r, Result)]


def ram_ratio(row: Row, result: Result) -> float | None:
    """Arena and variables over the activations that must be there at once."""
    if row.anchor is None or row.anchor.guessed:
        return None
    return (result.arena_bytes + result.static_bytes) / row.anchor.activation_bytes


def _instructions(rows: Sequence[Row], board: str, core: str) -> list[Bar]:
    limits, found = anchors().bars.get(core, {}), []
    title = f"{board}: instructions over the anchor's {core.upper()}"
    if "geometric_mean" in limits:
        mean = geometric_mean(rows, board)
        found.append(Bar(f"{title}, geometric mean", limits["geometric_mean"], mean))
    if "most" in limits:
        found.append(_most(f"{title}, any model", limits["most"], _ratios(rows, board)))
    if "streaming" in limits:
        streaming = [r for r in rows if r.subject.streaming]
        found.append(_most(f"{title}, streaming models", limits["streaming"], _ratios(streaming, board)))
    return found


def _sizes(rows: Sequence[Row]) -> list[Bar]:
    limits, all_results = anchors().bars["all"], results(rows)
    ratios = [
        (x, f"{r.model} on {r.board}") for row in rows for r in results([row]) if (x := ram_ratio(row, r)) is not None
    ]
    return [
        _most("RAM without stack over the activations' floor", limits["ram"], ratios),
        _most(
            "bytes of code, models with published figures",
            limits["code_bytes"],
            [(r.flash_code_bytes, f"{r.model} on {r.board}") for r in results(row for row in rows if row.anchor)],
        ),
        _most(
            "instructions of the first call (init)",
            limits["init_instructions"],
            [(r.init_instructions, f"{r.model} on {r.board}") for r in all_results],
        ),
    ]


def _ratios(rows: Iterable[Row], board: str) -> list[tuple[float, str]]:
    return [(x, r.subject.name) for r in rows if (x := r.ratio(board)) is not None]


def _most(what: str, limit: float, values: Sequence[tuple[float, str]]) -> Bar:
    value, worst = max(values, default=(None, ""))
    return Bar(what, limit, value, worst)
