"""``docs/benchmarks/boards.md``: what firmware heard and took on every board, from the results of tests/hil."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = Mapping[str, Any]
"""Of a board: its name, tools, and of each of its models what was measured (``build/hil/results/<board>.json``)."""
GOAL_BOARD, GOAL_MHZ = "mps2-an386", 64
LIMITS = {"wake_computer": (25, 32, 144), "commands12": (60, 48, 224)}
"""% of real time at GOAL_MHZ and one instruction a cycle, KB of RAM, KB of flash; all of the firmware."""
STAGES = {"frontend": "front end", "model": "model", "decide": "decision", "step": "all of a step"}


@dataclass(frozen=True)
class Goal:
    what: str
    limit: int
    reached: float
    unit: str


def goals(results: Sequence[Result]) -> list[Goal]:
    """Those that these results tell something of."""
    made: Mapping[str, Any] = next((r["models"] for r in results if r["board"] == GOAL_BOARD), {})
    found = []
    for model, (percent, ram, flash) in LIMITS.items():
        if "stages" not in made.get(model, {}):
            continue
        m = made[model]
        share = 100 * m["stages"]["step"]["largest"] / (m["step_us"] * GOAL_MHZ)
        found.append(Goal(f"{model}, share of real time", percent, round(share, 1), "%"))
        found.append(Goal(f"{model}, RAM with stack", ram, round(m["ram_bytes"] / 1024, 1), "KB"))
        found.append(Goal(f"{model}, flash", flash, round(m["flash_bytes"] / 1024, 1), "KB"))
    return found


def page(results: Sequence[Result]) -> str:
    """Markdown."""
    ordered = sorted(results, key=lambda r: (r.get("target") == "host", r["board"]))
    parts = [_head(), _equal(ordered), _goals(goals(ordered)), _stages(ordered), _memory(ordered), _tools(ordered)]
    return "\n".join(parts).rstrip() + "\n"


def _head() -> str:
    return """# Firmware on boards

Made by `pytest tests/hil --write-boards docs/benchmarks`; do not edit. What is compared and how it is counted:
[hil.md](../hil.md). All of these boards but those named at a port are emulated; **no figure here is of hardware**
unless its unit is cycles of a board at a port.
"""


def _rows(results: Sequence[Result]) -> Iterator[tuple[Result, str, Mapping[str, Any]]]:
    for result in results:
        for name, model in result["models"].items():
            yield result, name, model


def _table(title: str, text: str, columns: Sequence[str], lines: Iterator[Sequence[str]]) -> str:
    head = [f"## {title}", "", text, "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*head, *(f"| {' | '.join(line)} |" for line in lines), ""])


def _equal(results: Sequence[Result]) -> str:
    text = (
        "A recording is played in through the link. Equal, bit for bit: frames of the front end with the host's, "
        "scores of these frames and outputs for random inputs with the judge's, events with the daemon's, at "
        "the same samples."
    )
    columns = ("board", "model", "seconds", "frames", "scores", "random inputs", "judge", "events", "soak, s")
    keys = ("seconds", "frames", "scores", "outputs", "judge", "events", "soak_s")
    lines = ((r["board"], name, *(_cell(m, k) for k in keys)) for r, name, m in _rows(results))
    return _table("Equal to the host", text, columns, lines)


def _cell(model: Mapping[str, Any], key: str) -> str:
    """A check that has not passed says nothing; the soak test is not part of every run."""
    return str(model.get(key, "" if key == "soak_s" else "**not shown**"))


def _goals(found: Sequence[Goal]) -> str:
    text = f"On {GOAL_BOARD} (Cortex-M4), counted at one instruction a cycle and {GOAL_MHZ} MHz; the largest step."
    lines = (
        (g.what, f"{g.limit} {g.unit}", f"{g.reached} {g.unit}", "met" if g.reached <= g.limit else "**missed**")
        for g in found
    )
    return _table("What was to be reached", text, ("what", "at most", "reached", ""), lines)


def _stages(results: Sequence[Result]) -> str:
    text = (
        "A step is what the model hears at once (4 hops of 10 ms in the bundled models). Median / 95th percentile / "
        "largest, in the board's unit: instructions where QEMU counts them, cycles, or ns. The largest decision is one "
        "that sends an event. **Real time**: the clock that the largest step needs, of the one that the board has (at "
        "one instruction a cycle where instructions are counted; clocks of emulated development boards mean little)."
    )
    columns = ("board", "model", "unit", *STAGES.values(), "real time")
    lines = (_stage_line(r, name, m) for r, name, m in _rows(results) if "stages" in m)
    return _table("What a step takes", text, columns, lines)


def _stage_line(result: Result, name: str, m: Mapping[str, Any]) -> list[str]:
    cells = [" / ".join(f"{m['stages'][s][k]:,}" for k in ("median", "p95", "largest")) for s in STAGES]
    return [result["board"], name, m["unit"], *cells, _real_time(m, result["clock_hz"])]


def _real_time(m: Mapping[str, Any], board_hz: int) -> str:
    largest = m["stages"]["step"]["largest"]
    if m["unit"] == "ns":
        return f"{largest / m['step_us'] / 10:.1f} % of the time"
    clock = board_hz if m["unit"] == "instructions" else m["ticks_hz"]
    return f"{largest / m['step_us']:.1f} of {clock / 1_000_000:g} MHz"


def _memory(results: Sequence[Result]) -> str:
    text = "Bytes of the whole firmware: front end, model, decisions, link, drivers; the stack as deep as it ever was."
    columns = ("board", "model", "variables", "stack", "RAM", "flash")
    keys = ("static_bytes", "stack_bytes", "ram_bytes", "flash_bytes")
    lines = ([r["board"], name, *(f"{m[k]:,}" for k in keys)] for r, name, m in _rows(results) if keys[0] in m)
    return _table("Memory", text, columns, lines)


def _tools(results: Sequence[Result]) -> str:
    lines = ([r["board"], r.get("title", ""), r.get("date", ""), "; ".join(r.get("tools", ()))] for r in results)
    return _table(
        "Boards and tools",
        "Everything emulated unless a port is named.",
        ("board", "what it is", "measured", "tools"),
        lines,
    )
