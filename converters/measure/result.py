"""A benchmark's result: one model on one board, with what produced it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from converters.compile import Source, compile_model
from converters.emit.c import emit
from converters.error import ConvertError
from converters.graph import Node
from converters.measure.emulator import program
from converters.measure.judge import Verdict, draw, judge
from converters.measure.measurement import Measurement, measure
from converters.measure.toolchain import version
from converters.plan import Plan, Step
from converters.target import target
from edge.board import Board

PREFIX = "model"


@dataclass(frozen=True)
class Layer:
    """One call of the generated C."""

    name: str
    operator: str
    kernel: str
    variant: str
    macs: int
    instructions: int | None


@dataclass(frozen=True)
class Result:
    """The keys of ``nuthatch bench --json``; bytes and instructions are the model's, not the program's around it."""

    model: str
    board: str
    macs: int
    instructions: int
    """Of one invocation, on average over the inputs."""
    instructions_per_mac: float | None
    init_instructions: int
    ram_bytes: int
    """Arena, variables and stack."""
    arena_bytes: int
    static_bytes: int
    stack_bytes: int
    flash_code_bytes: int
    flash_const_bytes: int
    bit_exact: bool
    inputs: int
    judge: str
    first_difference: str
    library_code_bytes: int
    """The part of the code that is not generated: memcpy, division."""
    target: str
    tools: tuple[str, ...]
    layers: tuple[Layer, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def bench(source: Source, board: Board, inputs: int, layers: bool = True, flags: tuple[str, ...] = ()) -> Result:
    """Compile, run ``inputs`` invocations one after the other, compare. Raises ConvertError."""
    return run(source, compile_model(source, target(board.target)), board, inputs, layers, flags)


def run(
    source: Source, made: Plan, board: Board, inputs: int, layers: bool = True, flags: tuple[str, ...] = ()
) -> Result:
    """The same for a plan that was made."""
    steps = draw(source.graph, inputs)
    found = measure(emit(made, PREFIX), made.graph, board, steps, len(made.steps) if layers else 0, PREFIX, flags)
    return _result(source, made, board, found, judge(source, steps, found.report.answers(made.graph)))


def _result(source: Source, made: Plan, board: Board, found: Measurement, verdict: Verdict) -> Result:
    macs = source.graph.macs()
    return Result(
        model=source.about.name,
        board=board.id,
        macs=macs,
        instructions=found.instructions,
        instructions_per_mac=round(found.instructions / macs, 3) if macs else None,
        init_instructions=found.report.init,
        ram_bytes=made.arena_bytes + found.sizes.static + found.report.stack_bytes,
        arena_bytes=made.arena_bytes,
        static_bytes=found.sizes.static,
        stack_bytes=found.report.stack_bytes,
        flash_code_bytes=found.sizes.code,
        flash_const_bytes=found.sizes.constants,
        bit_exact=verdict.bit_exact,
        inputs=len(found.report.invokes),
        judge=verdict.judge,
        first_difference=verdict.first,
        library_code_bytes=found.sizes.library_code,
        target=board.target,
        tools=(version(target(board.target).compiler), version(program(board))),
        layers=_layers(made, found.layers),
    )


def _layers(made: Plan, counts: tuple[int, ...]) -> tuple[Layer, ...]:
    if counts and len(counts) != len(made.steps):
        raise ConvertError(f"{len(counts)} layers reported where there are {len(made.steps)} calls")
    each = counts or (None,) * len(made.steps)
    return tuple(_layer(made, s, n) for s, n in zip(made.steps, each, strict=True))


def _layer(made: Plan, step: Step, instructions: int | None) -> Layer:
    node: Node = step.node
    macs = node.op.macs(made.graph.args(node), made.graph[node.name])
    return Layer(node.name, node.op.builtin, step.kernel.function, step.kernel.variant, macs, instructions)
