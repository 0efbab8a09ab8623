"""The numbers of a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from converters.compile import Source
from converters.emit.c import const_bytes
from converters.emit.header import static_bytes
from converters.measure.result import Result
from converters.plan import Plan, Step, nbytes


@dataclass(frozen=True)
class LayerFacts:
    """One call of the generated C. ``live_bytes``: of the arena, while it runs."""

    index: int
    name: str
    operator: str
    kernel: str
    variant: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    macs: int
    constant_bytes: int
    """Weights and tables as the kernel reads them."""
    activation_bytes: int
    """Inputs and outputs."""
    scratch_bytes: int
    live_bytes: int
    instructions: int | None
    share: float | None
    """Of the instructions of all layers."""
    instructions_per_mac: float | None


@dataclass(frozen=True)
class Taken:
    """A block of the arena: from step ``first`` to ``last`` (-1: before the first, number of steps: after the last)."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Facts:
    """``measured``: what the board said; None for a plan that was not run."""

    model: str
    sha256: str
    target: str
    board: str
    macs: int
    arena_bytes: int
    bound_bytes: int
    state_bytes: int
    const_bytes: int
    layers: tuple[LayerFacts, ...]
    arena: tuple[Taken, ...]
    measured: Result | None

    @property
    def instructions(self) -> int | None:
        return self.measured.instructions if self.measured else None

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        if found["measured"]:
            del found["measured"]["layers"]
        return found


def facts(source: Source, made: Plan, measured: Result | None = None) -> Facts:
    """Of a plan, and of its run where there was one."""
    counts = [x.instructions for x in measured.layers] if measured else [None] * len(made.steps)
    total = sum(n or 0 for n in counts)
    return Facts(
        model=source.about.name,
        sha256=source.about.sha256,
        target=made.target.name,
        board=measured.board if measured else "",
        macs=source.graph.macs(),
        arena_bytes=made.arena_bytes,
        bound_bytes=made.bound_bytes,
        state_bytes=static_bytes(made),
        const_bytes=const_bytes(made),
        layers=tuple(_layer(made, i, s, n, total) for i, (s, n) in enumerate(zip(made.steps, counts, strict=True))),
        arena=tuple(Taken(b.name, b.offset, b.bytes, b.first, b.last) for b in made.blocks),
        measured=measured,
    )


def _layer(made: Plan, index: int, step: Step, count: int | None, total: int) -> LayerFacts:
    node, graph, kernel = step.node, made.graph, step.kernel
    outputs = [graph[o] for o in node.outputs]
    inputs = [t for t in graph.args(node) if not t.is_constant]
    macs = node.op.macs(graph.args(node), outputs[0])
    return LayerFacts(
        index=index,
        name=node.name,
        operator=node.op.builtin,
        kernel=kernel.function,
        variant=kernel.variant,
        input_shapes=tuple(t.shape for t in inputs),
        output_shape=outputs[0].shape,
        macs=macs,
        constant_bytes=sum(v.nbytes for v in kernel.fields.values() if isinstance(v, np.ndarray)),
        activation_bytes=sum(nbytes(t) for t in [*inputs, *outputs]),
        scratch_bytes=kernel.scratch_bytes,
        live_bytes=sum(b.bytes for b in made.blocks if b.first <= index <= b.last),
        instructions=count,
        share=None if count is None or not total else count / total,
        instructions_per_mac=None if count is None or not macs else count / macs,
    )
