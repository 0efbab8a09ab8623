"""Some layers run on a few rows of their output at a time: less memory, for rows near the seams computed twice.

Every patch is ordinary operators on the rows that it needs: a slice of the segment's input (a view), the layers with
the padding that is left at the picture's edge, a part of the output's concatenation. Nothing is rounded anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from converters.error import ConvertError
from converters.graph import TIME, Graph, Node, Tensor
from converters.ops.concatenation.op import Concatenation
from converters.ops.slice.op import Slice
from converters.ops.table import Table
from converters.ops.window import Windowed


@dataclass(frozen=True)
class Rows:
    """Of a tensor's time axis, from ``first`` to before ``end``."""

    first: int
    end: int


def chains(graph: Graph) -> Iterator[list[Node]]:
    """The longest runs of nodes that each read only the one before and constants, and that work row by row."""
    fits = [n for n in graph if _fits(graph, n)]
    taken = set[str]()
    for node in fits:
        if node.name in taken:
            continue
        run = [node]
        while (after := graph.only_use(run[-1].name)) is not None and after in fits and after.inputs[0] == run[-1].name:
            run.append(after)
        taken.update(n.name for n in run)
        yield run


def patch(graph: Graph, segment: Sequence[Node], patches: int) -> Graph:
    """The segment, a piece of a chain, in so many patches (fewer when the output has fewer rows).

    Raises ConvertError when one of them would see no row of the input.
    """
    height = graph[segment[-1].name].shape[TIME]
    cuts = sorted({height * i // patches for i in range(patches + 1)})
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    parts = [_run(graph, segment, Rows(a, b), nodes, tensors) for a, b in zip(cuts, cuts[1:], strict=False)]
    nodes.append(Node(Concatenation(TIME), tuple(parts), segment[-1].outputs))
    names = {n.name for n in segment}
    rest = [m for n in graph for m in (nodes if n is segment[-1] else [] if n.name in names else [n])]
    kept = {k: t for k, t in graph.tensors.items() if k not in names - {segment[-1].name}}
    return dataclasses.replace(graph, tensors=kept).with_(rest, tensors).validate()


def _fits(graph: Graph, node: Node) -> bool:
    args = graph.args(node)
    if not isinstance(node.op, Windowed | Table) or len(node.outputs) != 1 or not args:
        return False
    shaped = len(args[0].shape) == len(graph[node.name].shape) == 4 and graph[node.name].shape[TIME] > 1
    return shaped and not args[0].is_constant and all(t.is_constant for t in args[1:])


def _run(graph: Graph, segment: Sequence[Node], rows: Rows, nodes: list[Node], tensors: list[Tensor]) -> str:
    """Appends one patch; the name of its output."""
    steps = []
    for node in reversed(segment):
        needed, node = _needed(graph, node, rows)
        steps.append((node, rows))
        rows = needed
    x = graph[segment[0].inputs[0]]
    name = _part(x, rows, tensors, f"{x.name}/for {segment[-1].name}")
    cut = Slice((0, rows.first, 0, 0), (1, rows.end - rows.first, *x.shape[2:]))
    nodes.append(Node(cut, (x.name,), (name,)))
    for node, made in reversed(steps):
        out = _part(graph[node.name], made, tensors, node.name)
        nodes.append(Node(node.op, (name, *node.inputs[1:]), (out,)))
        name = out
    return name


def _part(t: Tensor, rows: Rows, tensors: list[Tensor], name: str) -> str:
    shape = (*t.shape[:TIME], rows.end - rows.first, *t.shape[TIME + 1 :])
    tensors.append(dataclasses.replace(t, name=f"{name}/rows {rows.first}-{rows.end}", shape=shape))
    return tensors[-1].name


def _needed(graph: Graph, node: Node, rows: Rows) -> tuple[Rows, Node]:
    """The input's rows for these rows of the output, and the node with the padding that is left."""
    op = node.op
    if not isinstance(op, Windowed):
        return rows, node
    args = graph.args(node)
    first = rows.first * op.stride[0] - op.pads[0]
    end = (rows.end - 1) * op.stride[0] - op.pads[0] + op.extent(args)[0]
    height = args[0].shape[TIME]
    pads = (max(0, -first), max(0, end - height), *op.pads[2:])
    inside = Rows(max(0, first), min(height, end))
    if inside.first >= inside.end:
        raise ConvertError(f"{node.name}: rows {rows.first} to {rows.end} see only padding; use fewer patches")
    return inside, dataclasses.replace(node, op=dataclasses.replace(op, pads=pads))
