"""Which tensors share memory: every tensor is some bytes of a root, and only roots are placed."""

from __future__ import annotations

from dataclasses import dataclass, field

from converters.graph import Graph, Node
from converters.plan.copy import nbytes
from converters.plan.ring import Ring

ALIGNMENT = 4
"""Of every tensor that a kernel reads or writes, and of scratch; the arena itself starts at a multiple of 16."""


@dataclass
class Layout:
    """Tensor -> (root, first byte in it). Roots that are no ring and no state live in the arena."""

    parents: dict[str, tuple[str, int]] = field(default_factory=dict)
    rings: dict[str, Ring] = field(default_factory=dict)
    """By root: the concatenation of old and new frames."""
    states: tuple[str, ...] = ()
    """Roots that are states kept as they are."""

    def find(self, name: str) -> tuple[str, int]:
        """Root and first byte."""
        offset = 0
        while name in self.parents:
            name, more = self.parents[name]
            offset += more
        return name, offset

    def chain(self, name: str) -> list[str]:
        """The tensor, the one it is part of, and so on to the root."""
        names = [name]
        while names[-1] in self.parents:
            names.append(self.parents[names[-1]][0])
        return names

    def put(self, name: str, inside: str, offset: int) -> None:
        """Tensor ``name``, a root so far, becomes bytes of another."""
        self.parents[name] = (inside, offset)

    def in_arena(self, name: str) -> bool:
        root = self.find(name)[0]
        return root not in self.rings and root not in self.states

    def ring_of(self, name: str) -> tuple[Ring, int] | None:
        """The ring and the first byte in its concatenation, for a tensor that may lie around the ring's end."""
        root, offset = self.find(name)
        ring = self.rings.get(root)
        return (ring, offset) if ring is not None and offset < ring.past_bytes else None


def view_offsets(graph: Graph, node: Node) -> tuple[int, ...] | None:
    """First bytes of the outputs in the node's first input, for a node that computes nothing."""
    args, outs = graph.args(node), [graph[o] for o in node.outputs]
    if not args or args[0].is_constant:
        return None
    if node.op.view_of(args, outs) and nbytes(args[0]) == nbytes(outs[0]):
        return (0,)
    pieces = node.op.pieces(args, outs)
    return pieces.offsets if pieces is not None and pieces.whole == "input" else None


def part_offsets(graph: Graph, node: Node) -> tuple[int, ...] | None:
    """First bytes of the inputs in the node's output, for a concatenation of contiguous parts."""
    args, outs = graph.args(node), [graph[o] for o in node.outputs]
    pieces = node.op.pieces(args, outs)
    return pieces.offsets if pieces is not None and pieces.whole == "output" else None


def file_views(graph: Graph) -> dict[str, tuple[str, int]]:
    """Tensor -> (tensor that is no view, first byte), as the operators alone say."""
    layout = Layout()
    for node in graph:
        for name, offset in zip(node.outputs, view_offsets(graph, node) or (), strict=False):
            layout.put(name, node.inputs[0], offset)
    return {name: layout.find(name) for name in layout.parents}
