"""Where every tensor lives: order of execution, lifetimes, offsets in the arena, the exact number of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from converters.graph import Graph, Node, Tensor
from converters.kernel import Kernel
from converters.target import Target

ALIGNMENT = 4
"""Of every tensor and of scratch; the arena itself starts at a multiple of 16."""


@dataclass(frozen=True)
class Block:
    """Bytes of the arena that are taken from step ``first`` to step ``last`` (both included)."""

    name: str
    bytes: int
    first: int
    last: int
    offset: int = -1


@dataclass(frozen=True)
class Step:
    """One call: a node, its kernel, and where its scratch starts (-1: none)."""

    node: Node
    kernel: Kernel
    scratch: int = -1


@dataclass(frozen=True)
class Plan:
    """Everything that the emitter needs to place."""

    graph: Graph
    steps: tuple[Step, ...]
    offsets: Mapping[str, int]
    """Tensor -> first byte in the arena."""
    blocks: tuple[Block, ...]
    arena_bytes: int


def nbytes(t: Tensor) -> int:
    return int(np.prod(t.shape)) * np.dtype(t.dtype).itemsize


def plan(graph: Graph, target: Target) -> Plan:
    """Offsets for an order as the graph has it; raises ConvertError for an operator without kernel."""
    nodes = list(graph.nodes)
    kernels = [n.op.c_kernel(graph.args(n), [graph[o] for o in n.outputs], target) for n in nodes]
    last = {name: len(nodes) for name in graph.sinks}
    for i, n in reversed(list(enumerate(nodes))):
        for name in n.inputs:
            last.setdefault(name, i)
    first = {o: i for i, n in enumerate(nodes) for o in n.outputs} | dict.fromkeys(graph.sources, -1)
    blocks = [Block(t, _up(nbytes(graph[t])), first[t], last.get(t, first[t])) for t in first]
    blocks += [Block(f"scratch {i}", _up(k.scratch_bytes), i, i) for i, k in enumerate(kernels) if k.scratch_bytes]
    placed = _place(blocks)
    offsets = {b.name: b.offset for b in placed}
    steps = tuple(
        Step(n, k, offsets.get(f"scratch {i}", -1)) for i, (n, k) in enumerate(zip(nodes, kernels, strict=True))
    )
    return Plan(graph, steps, offsets, tuple(placed), max((b.offset + b.bytes for b in placed), default=0))


def _up(n: int) -> int:
    return -(-n // ALIGNMENT) * ALIGNMENT


def _place(blocks: list[Block]) -> list[Block]:
    """Largest first, each at the lowest free offset."""
    placed: list[Block] = []
    for block in sorted(blocks, key=lambda b: -b.bytes):
        offset = 0
        for other in sorted(placed, key=lambda b: b.offset):
            if other.last < block.first or block.last < other.first:
                continue
            if offset + block.bytes <= other.offset:
                break
            offset = max(offset, other.offset + other.bytes)
        placed.append(Block(block.name, block.bytes, block.first, block.last, offset))
    return placed
