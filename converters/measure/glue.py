"""The C between a generated model and ``firmware/apps/measure.c``: its functions, ports and inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph
from converters.plan import nbytes

Steps = Sequence[Sequence[np.ndarray]]
"""One list of inputs for each invocation."""


@dataclass(frozen=True)
class Glue:
    """``layers``: how many the model reports on; 0 measures the whole."""

    graph: Graph
    prefix: str
    steps: Steps
    layers: int = 0

    def files(self) -> dict[str, str | bytes]:
        """Name -> content: the C, and the inputs with the assembly that takes them in."""
        return {"glue.c": self._c(), "inputs.bin": self._inputs(), "inputs.S": INPUTS}

    def _inputs(self) -> bytes:
        for step in self.steps:
            for name, x in zip(self.graph.inputs, step, strict=True):
                t = self.graph[name]
                if str(x.dtype) != t.dtype or x.size != int(np.prod(t.shape)):
                    raise ConvertError(
                        f"{name}: given {x.dtype} {list(x.shape)} where {t.dtype} {list(t.shape)} belongs"
                    )
        return b"".join(np.ascontiguousarray(x).tobytes() for step in self.steps for x in step) or b"\0"

    def _c(self) -> str:
        p, g, n = self.prefix, self.graph, self.layers
        return "\n".join(
            [
                f'#include "{p}.h"',
                '#include "measure.h"',
                f"static uint8_t arena[{p.upper()}_ARENA_BYTES + 1] __attribute__((aligned(16)));",
                f"static void init(void) {{ {p}_init(arena); }}",
                *_ports("input", p, [nbytes(g[t]) for t in g.inputs]),
                *_ports("output", p, [nbytes(g[t]) for t in g.outputs]),
                "extern const uint8_t measure_inputs[];",
                f"static uint64_t ticks[{n + 1}];",
                f"static uint32_t wraps[{n + 1}];",
                f"void {p}_layer(int index);",
                f"void {p}_layer(int index) {{ measure_layer((uint32_t)index); }}",
                f"const measure_model_t measured = {{init, {p}_invoke, inputs, outputs, {len(g.inputs)}, "
                f"{len(g.outputs)}, {len(self.steps)}, measure_inputs, {n}, {p}_layer, ticks, wraps}};",
                "",
            ]
        )


def _ports(kind: str, prefix: str, sizes: Sequence[int]) -> list[str]:
    functions = [
        f"static uint8_t *{kind}{i}(void) {{ return (uint8_t *)(uintptr_t){prefix}_{kind}_{i}(); }}"
        for i in range(len(sizes))
    ]
    entries = ", ".join(f"{{{kind}{i}, {size}}}" for i, size in enumerate(sizes))
    return [*functions, f"static const measure_port_t {kind}s[] = {{{entries}}};"]


INPUTS = """    .section .inputs, "a"
    .balign 16
    .global measure_inputs
measure_inputs:
    .incbin "inputs.bin"
"""
