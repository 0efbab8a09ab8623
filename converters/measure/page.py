"""``docs/benchmarks/mcu.md``: the table beside the anchors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from converters.measure.anchors import anchors
from converters.measure.bars import Bar, bars, geometric_mean, ram_ratio, results
from converters.measure.result import Result
from converters.measure.table import Row

MEMORY_BOARDS = ("mps2-an386", "mps3-an547")


def page(rows: Sequence[Row], absent: Mapping[str, str], boards: Sequence[str]) -> str:
    """Markdown."""
    parts = [_head(rows), _bars(bars(rows)), _instructions(rows, boards)]
    parts += [_memory(rows, board) for board in MEMORY_BOARDS if board in boards]
    parts += [_floors(rows), _absent(rows, absent)]
    return "\n".join(p for p in parts if p).rstrip() + "\n"


def _head(rows: Sequence[Row]) -> str:
    tools = "; ".join(dict.fromkeys(t for r in results(rows) for t in r.tools))
    return f"""# Compiled models on microcontroller cores

Made on {date.today().isoformat()} by `nuthatch bench anchors --data DIR --out DIR`; do not edit.

Instructions of one invocation, counted by the program itself in QEMU (`-icount shift=6`), compiled with -O2
({tools}), beside those of an interpreter. Its figures: {anchors().how.strip()}

A **ratio** is ours over the interpreter's. Outputs are compared with TFLM's on every input of every run. Models marked
"stand-in" have the published model's shapes and random weights, because the file was not at hand; the channels of
{_and([n for n, a in anchors().models.items() if a.guessed])} are guessed, so its memory is not compared.
Instructions are not cycles: a real core takes longer for a load from flash than for an addition.
"""


def _and(names: Sequence[str]) -> str:
    return " and ".join(names) or "none"


def _bars(found: Sequence[Bar]) -> str:
    lines = ["## What was to be reached", "", "| what | at most | reached | |", "|---|---|---|---|"]
    for bar in found:
        value = "not measured" if bar.value is None else _number(bar.value)
        worst = f" ({bar.worst})" if bar.worst else ""
        lines.append(f"| {bar.what} | {_number(bar.limit)} | {value}{worst} | {'met' if bar.met else '**missed**'} |")
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value > 100 else f"{value:.2f}"


def _instructions(rows: Sequence[Row], boards: Sequence[str]) -> str:
    names = [f"{anchors().boards.get(b, b).upper()}, {b}" for b in boards]
    if "mps2-an385-m0plus" in boards:
        names[boards.index("mps2-an385-m0plus")] = "M0+, mps2-an385-m0plus, beside the anchor's M3"
    lines = [
        "## Instructions",
        "",
        "Thousands an invocation: ours / the interpreter's = ratio.",
        "",
        f"| model | MACs | {' | '.join(names)} |",
        "|---" * (2 + len(boards)) + "|",
    ]
    for row in rows:
        if any(row.result(b) for b in boards):
            cells = [_cell(row, b) for b in boards]
            macs = next(r.macs for r in results([row]))
            lines.append(f"| {_name(row)} | {macs:,} | {' | '.join(cells)} |")
    means = [geometric_mean(rows, b) for b in boards]
    lines.append("| geometric mean | | " + " | ".join("" if m is None else f"**{m:.2f}**" for m in means) + " |")
    return "\n".join([*lines, ""])


def _name(row: Row) -> str:
    return f"{row.subject.name} ({row.subject.origin})" if row.subject.origin else row.subject.name


def _cell(row: Row, board: str) -> str:
    result, ratio = row.result(board), row.ratio(board)
    if result is None:
        return "failed"
    wrong = "" if result.bit_exact else " **WRONG**"
    if ratio is None or row.anchor is None:
        return f"{_thousands(result.instructions)}{wrong}"
    theirs = row.anchor.instructions[anchors().boards[board]]
    return f"{_thousands(result.instructions)} / {_thousands(theirs)} = {ratio:.2f}{wrong}"


def _thousands(n: int) -> str:
    return f"{n / 1000:,.0f}" if n >= 100_000 else f"{n / 1000:.1f}"


def _memory(rows: Sequence[Row], board: str) -> str:
    lines = [
        f"## Memory on {board}",
        "",
        "Bytes; the interpreter's arena and code are those of its Cortex-M4 build. RAM over floor: arena and "
        "variables over the largest layer's input and output.",
        "",
        "| model | arena | variables | RAM over floor | stack | code | constants | init, instructions "
        "| interpreter: arena | code | init |",
        "|---" * 11 + "|",
    ]
    lines += [_memory_line(row, found) for row in rows if (found := row.result(board)) is not None]
    return "\n".join([*lines, ""])


def _memory_line(row: Row, r: Result) -> str:
    ratio, a = ram_ratio(row, r), row.anchor
    theirs = f"{a.arena_bytes:,} | {a.code_bytes:,} | {a.init_instructions:,}" if a else " | | "
    return (
        f"| {_name(row)} | {r.arena_bytes:,} | {r.static_bytes:,} | {'' if ratio is None else f'{ratio:.2f}'} "
        f"| {r.stack_bytes:,} | {r.flash_code_bytes:,} | {r.flash_const_bytes:,} | {r.init_instructions:,} | {theirs} |"
    )


def _floors(rows: Sequence[Row]) -> str:
    lines = [
        "## Distance to the floor",
        "",
        "Ours over what is left on paper: M4 1.25 instructions a multiply-accumulate and 6 an output, M55 9/64 "
        "(depthwise .75) and 2.5.",
        "",
        "| model | M4 | M55 |",
        "|---|---|---|",
        *_floor_lines(rows),
    ]
    return "\n".join([*lines, ""])


def _floor_lines(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.anchor is None:
            continue
        m4, m55 = row.result("mps2-an386"), row.result("mps3-an547")
        cells = [
            "" if r is None else f"{r.instructions / row.anchor.floor[core]:.2f}"
            for r, core in ((m4, "m4"), (m55, "m55"))
        ]
        yield f"| {_name(row)} | {' | '.join(cells)} |"


def _absent(rows: Sequence[Row], absent: Mapping[str, str]) -> str:
    """Why a model or a run is not in the tables."""
    lines = [f"- {name}: {reason}" for name, reason in absent.items()]
    for row in rows:
        lines += [f"- {row.subject.name} on {b}: {r}" for b, r in row.results.items() if isinstance(r, str)]
    return "\n".join(["## Not measured", "", *lines, ""]) if lines else ""
