"""Some layers run on a few rows of their output at a time: less memory, for rows near the seams computed twice.

Every patch is ordinary operators on the rows that it needs: slices of the region's inputs (views), the layers with
the padding that is left at the picture's edge, a part of the output's concatenation. Nothing is rounded anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from converters.error import ConvertError
from converters.graph import TIME, Graph, Node, Tensor
from converters.ops import Op
from converters.ops.broadcast import Broadcast
from converters.ops.concatenation.op import Concatenation
from converters.ops.slice.op import Slice
from converters.ops.table import Table
from converters.ops.window import Windowed


@dataclass(frozen=True)
class Rows:
    """Of a tensor's time axis, from ``first`` to before ``end``."""

    first: int
    end: int


def regions(graph: Graph) -> Iterator[tuple[Node, ...]]:
    """Runs of nodes, in the graph's order, that work row by row and of which only the last is read elsewhere."""
    nodes = graph.nodes
    for i in range(len(nodes)):
        for j in range(i, len(nodes)):
            if not _fits(graph, nodes[j]):
                break
            region = nodes[i : j + 1]
            inside = {n.name for n in region}
            inner = inside - {nodes[j].name}
            readers = [{c.name for c in graph.consumers(n)} for n in inner]
            if inner.isdisjoint(graph.sinks) and all(r and r <= inside for r in readers):
                yield region


def patch(graph: Graph, region: Sequence[Node], patches: int) -> Graph:
    """The region in so many patches (fewer when its output has fewer rows).

    Raises ConvertError when one of them would see no row of an input.
    """
    last = region[-1]
    height = graph[last.name].shape[TIME]
    cuts = sorted({height * i // patches for i in range(patches + 1)})
    made = [_Patch(graph, region, Rows(a, b)) for a, b in zip(cuts, cuts[1:], strict=False)]
    nodes = [n for p in made for n in p.run()]
    nodes.append(Node(Concatenation(TIME), tuple(p.name(last.name) for p in made), last.outputs))
    names = {n.name for n in region}
    rest = [m for n in graph for m in (nodes if n is last else [] if n.name in names else [n])]
    kept = {k: t for k, t in graph.tensors.items() if k not in names - {last.name}}
    tensors = [t for p in made for t in p.tensors]
    return dataclasses.replace(graph, tensors=kept).with_(rest, tensors).validate()


def _fits(graph: Graph, node: Node) -> bool:
    if len(node.outputs) != 1 or len(graph[node.name].shape) != 4 or graph[node.name].shape[TIME] < 2:
        return False
    args = graph.args(node)
    if isinstance(node.op, Windowed):
        return not args[0].is_constant and all(t.is_constant for t in args[1:])
    same = all(t.shape[TIME : TIME + 1] == graph[node.name].shape[TIME : TIME + 1] for t in args if not t.is_constant)
    once = all(t.shape[-3:-2] in ((), (1,)) for t in args if t.is_constant)
    return isinstance(node.op, Table | Broadcast) and same and once


@dataclass
class _Patch:
    """Some rows of a region's output, and what they are computed from."""

    graph: Graph
    region: Sequence[Node]
    rows: Rows
    needed: dict[str, Rows] = field(default_factory=dict)
    """Tensor -> the rows of it that some node of the patch reads."""
    tensors: list[Tensor] = field(default_factory=list)

    def name(self, tensor: str) -> str:
        rows = self.needed[tensor]
        own = "" if tensor in {n.name for n in self.region} else f" for {self.region[-1].name} {self.rows.first}"
        return f"{tensor}/rows {rows.first}-{rows.end}{own}"

    def run(self) -> list[Node]:
        self.needed[self.region[-1].name] = self.rows
        for node in reversed(self.region):
            rows = self.reads(node)[0]
            for t in self.sources(node):
                self.needed[t] = _hull(self.needed.get(t, rows), rows)
        inside = {n.name for n in self.region}
        cuts = [self.cut(t, self.needed[t], self.name(t)) for t in self.needed if t not in inside]
        return cuts + [n for node in self.region for n in self.nodes(node)]

    def sources(self, node: Node) -> list[str]:
        return [i for i in dict.fromkeys(node.inputs) if i and not self.graph[i].is_constant]

    def reads(self, node: Node) -> tuple[Rows, Op]:
        """The rows that a node of the patch reads, and its operator with the padding that is left."""
        rows, op = self.needed[node.name], node.op
        if not isinstance(op, Windowed):
            return rows, op
        args = self.graph.args(node)
        first = rows.first * op.stride[0] - op.pads[0]
        end = (rows.end - 1) * op.stride[0] - op.pads[0] + op.extent(args)[0]
        height = args[0].shape[TIME]
        inside = Rows(max(0, first), min(height, end))
        if inside.first >= inside.end:
            raise ConvertError(f"{node.name}: rows {rows.first} to {rows.end} see only padding; use fewer patches")
        return inside, dataclasses.replace(op, pads=(max(0, -first), max(0, end - height), *op.pads[2:]))

    def nodes(self, node: Node) -> list[Node]:
        """The node on its rows, after views of what others of the patch read more of."""
        rows, op = self.reads(node)
        made, names = [], {}
        for t in self.sources(node):
            names[t] = self.name(t)
            if self.needed[t] != rows:
                before = self.needed[t].first
                names[t] = f"{node.name}/{len(names)} of {names[t]} {self.rows.first}"
                made.append(self.cut(self.name(t), Rows(rows.first - before, rows.end - before), names[t]))
        out = self.add(self.graph[node.name], self.needed[node.name], self.name(node.name))
        return [*made, Node(op, tuple(names.get(i, i) for i in node.inputs), (out,))]

    def cut(self, source: str, rows: Rows, name: str) -> Node:
        x = next((t for t in self.tensors if t.name == source), None) or self.graph[source]
        self.add(x, rows, name)
        return Node(Slice((0, rows.first, 0, 0), (1, rows.end - rows.first, *x.shape[2:])), (source,), (name,))

    def add(self, like: Tensor, rows: Rows, name: str) -> str:
        shape = (*like.shape[:TIME], rows.end - rows.first, *like.shape[TIME + 1 :])
        self.tensors.append(dataclasses.replace(like, name=name, shape=shape))
        return name


def _hull(a: Rows, b: Rows) -> Rows:
    return Rows(min(a.first, b.first), max(a.end, b.end))
