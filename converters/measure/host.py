"""A compiled model on this machine: equal outputs, bytes, the time of one invocation; nothing counts instructions."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converters.compile import Source, compile_model
from converters.emit.c import emit
from converters.measure.judge import draw, judge
from converters.measure.sizes import Sizes
from converters.measure.toolchain import call, version
from converters.native import Native, build
from converters.plan import Plan
from converters.target import target

FLAGS = ("-O2",)
ROUNDS, ROUND_S = 5, 0.05
NOT_HERE = ("instructions", "instructions_per_mac", "init_instructions", "ram_bytes", "stack_bytes")


def bench_host(source: Source, inputs: int) -> dict[str, Any]:
    """The keys of ``nuthatch bench --json``, those that only an emulator knows null, and ``microseconds``."""
    made = compile_model(source, target("host"))
    steps = draw(source.graph, inputs)
    with tempfile.TemporaryDirectory(prefix="nuthatch-") as name:
        model = Native(build(emit(made), Path(name), flags=FLAGS), made)
        verdict = judge(source, steps, [model.run(x) for x in steps])
        microseconds = _best(model.lib.model_invoke)
        taken = _sizes(Path(name))
    return {
        "model": source.about.name,
        "board": "native",
        "macs": source.graph.macs(),
        **dict.fromkeys(NOT_HERE),
        **_memory(made, taken),
        "bit_exact": verdict.bit_exact,
        "judge": verdict.judge,
        "first_difference": verdict.first,
        "inputs": inputs,
        "microseconds": microseconds,
        "target": "host",
        "tools": [version("gcc")],
    }


def _memory(made: Plan, taken: Sizes) -> dict[str, int]:
    return {
        "arena_bytes": made.arena_bytes,
        "static_bytes": taken.static,
        "flash_code_bytes": taken.code,
        "flash_const_bytes": taken.constants,
    }


def _best(invoke: Callable[[], object]) -> float:
    """Microseconds of the best round: others are disturbed by whatever else runs."""
    count, found = 1, list[float]()
    while len(found) < ROUNDS:
        start = time.perf_counter()
        for _ in range(count):
            invoke()
        took = time.perf_counter() - start
        if took < ROUND_S / 2:
            count *= 2
        else:
            found.append(took / count)
    return round(min(found) * 1e6, 2)


def _sizes(folder: Path) -> Sizes:
    """Of the object file alone."""
    call(["gcc", "-std=c99", *FLAGS, "-fPIC", "-c", "model.c", "-o", "model.o"], folder)
    totals = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    said = call(["size", "-A", "model.o"], folder)
    # Constants that hold addresses are filled in by the loader, and constant from then on.
    said = said.replace(".data.rel.ro", ".rodata")
    for name, size in re.findall(r"^\.(\w+)\S*\s+(\d+)\s", said, re.MULTILINE):
        if name in totals:
            totals[name] += int(size)
    return Sizes(totals["text"], totals["rodata"] + totals["data"], totals["bss"] + totals["data"], 0)
