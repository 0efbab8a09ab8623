"""docs/benchmarks/portrait.md, written from a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.bench.portrait import FLOAT, INT8_BAR, LATENCY_BAR, OURS, SELFIE, SINET
from training.evaluate.portrait import GROUPS, PORTRAIT_FOOT, PORTRAIT_SHARE, SIZE


def page(result: Mapping[str, Any]) -> str:
    part = (
        "all its pictures" if result["split"] == "all" else "the part of it, by a hash of the name, kept from training"
    )
    learnt = result["learnt_from"]
    lines = [
        f"# {result['model']}: people in pictures it never saw" if learnt == 0 else f"# {result['model']}",
        "",
        "Made by `nuthatch bench portrait --pictures DIR --rivals DIR --run RUN --out DIR`; do not edit.",
        "",
        f"{result['pictures']} pictures of `{result['data']}`, {part}"
        + ("." if learnt is None else f"; {learnt} of them were learnt from.")
        + f" Each network takes a picture at its own size; masks are compared at {SIZE} x {SIZE}. IoU of the"
        " person, mean over pictures, and the same within the 15-pixel band around the outline; 95 % bootstrap over"
        " pictures.",
        f"**Portrait-like** is a picture of which people cover {PORTRAIT_SHARE:.0%} or more and whose lower border they"
        f" cover by {PORTRAIT_FOOT:.0%} or more, by its mask.",
        "",
        "| network | pictures | number | IoU | in the band |",
        "|---|---|---|---|---|",
        *_rows(result["networks"]),
        "",
        "## Ours minus the other, picture by picture",
        "",
        "| other | IoU | in the band |",
        "|---|---|---|",
        *(_difference(name, d) for name, d in result["differences"].items()),
        "",
        "## What was to be reached",
        "",
        "| what | at most / at least | reached | |",
        "|---|---|---|---|",
        *_bars(result),
        "",
        "## One picture",
        "",
        *_latency(result["microseconds"]),
    ]
    return "\n".join(lines) + "\n"


def _rows(networks: Mapping[str, Any]) -> Iterator[str]:
    for name, row in networks.items():
        for group, of in [("all", row), *row["groups"].items()]:
            yield f"| {name} | {group} | {of['pictures']} | {_span(of['iou'], of['interval'])} | {_edge(of)} |"


def _edge(row: Mapping[str, Any]) -> str:
    return "" if row.get("boundary_iou") is None else _span(row["boundary_iou"], row["boundary_interval"])


def _span(value: float, interval: list[float], sign: str = "") -> str:
    low, high = interval
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _difference(name: str, row: Mapping[str, Any]) -> str:
    edge = _span(row["boundary_iou"], row["boundary_interval"], "+") if "boundary_iou" in row else ""
    return f"| {name} | {_span(row['iou'], row['interval'], '+')} | {edge} |"


def _bars(result: Mapping[str, Any]) -> Iterator[str]:
    networks, ratio = result["networks"], result["microseconds"].get("ratio")
    ours = networks[OURS]
    if FLOAT in networks:
        lost = networks[FLOAT]["iou"] - ours["iou"]
        yield _bar("IoU lost from float to int8", f"{INT8_BAR}", f"{lost:+.4f}", lost <= INT8_BAR)
    if SINET in networks:
        for group in ("all", *GROUPS):
            a, b = _of(ours, group), _of(networks[SINET], group)
            if a is not None and b is not None:
                yield _bar(f"IoU above the authors' weights, {group}", f"{b:.3f}", f"{a:.3f}", a > b)
    if ratio is not None:
        yield _bar("time over MediaPipe's", f"{LATENCY_BAR}", f"{ratio:.2f}", ratio <= LATENCY_BAR)
    if SELFIE in networks:
        behind = networks[SELFIE]["iou"] - ours["iou"]
        yield f"| IoU behind MediaPipe's, all | no bar | {behind:+.3f} | |"


def _of(row: Mapping[str, Any], group: str) -> float | None:
    found = row if group == "all" else row["groups"].get(group)
    return None if found is None else float(found["iou"])


def _bar(what: str, bar: str, reached: str, met: bool) -> str:
    return f"| {what} | {bar} | {reached} | {'met' if met else '**missed**'} |"


def _latency(taken: Mapping[str, float]) -> Iterator[str]:
    yield "LiteRT, one thread, best of many, both turn by turn on the machine that made this page."
    yield ""
    for name, value in taken.items():
        if name != "ratio":
            yield f"- {name}: {value:,.0f} microseconds"
    if "ratio" in taken:
        yield f"- ratio: {taken['ratio']:.2f}"
