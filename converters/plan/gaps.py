"""Larger scratch in bytes of the arena that a step leaves free: kernels that are faster with it take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from converters.graph import Node
from converters.kernel import Kernel
from converters.plan.explicit import Explicit
from converters.plan.place import Block, height
from converters.target import Target


def fill_gaps(
    made: Explicit, calls: Sequence[Node], placed: Sequence[Block], target: Target, alignment: int
) -> list[Block]:
    """The blocks, scratch grown where ``made.kernels`` were changed for others; all else stays, the arena too."""
    blocks = {b.name: b for b in placed}
    for i, node in enumerate(calls):
        old, own = made.kernels[node.name], f"scratch {i}"
        if own not in blocks:
            continue
        others = [b for b in blocks.values() if b.first <= i <= b.last and b.name != own]
        offset, size = _widest_gap(others, height(placed), alignment)
        new = _chosen(made, node, dataclasses.replace(target, spare_bytes=size))
        if new.scratch_bytes != old.scratch_bytes and new.scratch_bytes <= size and _fits(new, old):
            made.kernels[node.name] = new
            taken = -(-new.scratch_bytes // alignment) * alignment
            blocks[own] = dataclasses.replace(blocks[own], offset=offset, bytes=taken)
    return [blocks[b.name] for b in placed]


def _chosen(made: Explicit, node: Node, target: Target) -> Kernel:
    return node.op.c_kernel(made.graph.args(node), [made.graph[o] for o in node.outputs], target)


def _fits(new: Kernel, old: Kernel) -> bool:
    """Where tensors lie as the old one allows it."""
    same = bool(new.ring_function) == bool(old.ring_function) and new.updates == old.updates
    lead = old.lead_bytes < 0 or 0 <= new.lead_bytes <= old.lead_bytes
    return same and lead and set(old.in_place) <= set(new.in_place)


def _widest_gap(blocks: Sequence[Block], end: int, alignment: int) -> tuple[int, int]:
    """(offset, bytes) of the largest run that none of them takes."""
    best, at = (0, 0), 0
    for b in [*sorted(blocks, key=lambda b: b.offset), Block("", 0, 0, 0, end)]:
        size = (b.offset - at) // alignment * alignment
        best = max(best, (at, size), key=lambda gap: gap[1])
        at = max(at, -(-(b.offset + b.bytes) // alignment) * alignment)
    return best
