"""Graph -> the same graph in which every move of bytes is an operator, and everything else is a view.

Where a concatenation's part cannot be computed inside the whole, where a ring is read by a kernel that knows no
rings, where a state cannot be written where it is kept: there, and only there, a COPY is put in.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from converters.graph import Graph, Node, State, Tensor
from converters.kernel import Kernel
from converters.plan.copy import Copy, nbytes
from converters.plan.layout import ALIGNMENT, Layout, file_views, part_offsets, view_offsets
from converters.plan.ring import Ring, rings
from converters.target import Target


@dataclass(frozen=True, eq=False)
class Explicit:
    """What is left to order and to place."""

    graph: Graph
    layout: Layout
    kernels: dict[str, Kernel]
    """Node name -> its call; views have none."""
    plain: tuple[State, ...]
    """States that are in no ring."""
    after: dict[str, set[str]]
    """Node that overwrites a state -> the nodes that read the old value."""


def explicit(graph: Graph, target: Target) -> Explicit:
    """Raises ConvertError for an operator without kernel."""
    return _Rewriter(graph, target).run()


@dataclass
class _Rewriter:
    graph: Graph
    target: Target
    layout: Layout = field(default_factory=Layout)
    nodes: list[Node] = field(default_factory=list)
    kernels: dict[str, Kernel] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    """Tensor -> its copy in the arena."""
    produced: set[str] = field(default_factory=set)
    """Outputs of kernels: roots that may become parts of others."""
    after: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> Explicit:
        g = self.graph
        by_join = {r.whole: r for r in rings(g, file_views(g))}
        in_rings = {r.state.read for r in by_join.values()}
        plain = tuple(s for s in g.states if s.read not in in_rings)
        self.layout.states = tuple(s.read for s in plain)
        self.produced = set(g.inputs)
        for node in g:
            self.step(node, by_join.get(node.name))
        outputs = tuple(self.output(o) for o in g.outputs)
        self.graph = dataclasses.replace(self.graph, outputs=outputs)
        self.write_states(plain)
        self.graph = self.graph.with_(self.nodes)
        return Explicit(self.graph, self.layout, self.kernels, plain, self.after)

    def step(self, node: Node, ring: Ring | None) -> None:
        """Appends a node, after what it needs."""
        offsets = view_offsets(self.graph, node)
        if offsets is not None:
            self.view(node, offsets)
        elif ring is not None:
            self.join_ring(node, ring)
        elif (parts := part_offsets(self.graph, node)) is not None:
            self.join(node, parts)
        else:
            self.call(node)

    def view(self, node: Node, offsets: tuple[int, ...]) -> None:
        self.nodes.append(node)
        for name, offset in zip(node.outputs, offsets, strict=True):
            self.layout.put(name, node.inputs[0], offset)

    def call(self, node: Node) -> None:
        args, outs = self.graph.args(node), [self.graph[o] for o in node.outputs]
        kernel = node.op.c_kernel(args, outs, self.target)
        first = next((a.name for a in args if not a.is_constant), "")
        readable = {first} if self.reads_ring(first, kernel) and node.inputs.count(first) == 1 else set()
        inputs = tuple(i if i in readable else self.contiguous(self.aligned(i)) for i in node.inputs)
        self.add(dataclasses.replace(node, inputs=inputs), kernel)

    def add(self, node: Node, kernel: Kernel) -> None:
        self.nodes.append(node)
        self.kernels[node.name] = kernel
        self.produced.update(node.outputs)

    def join(self, node: Node, offsets: tuple[int, ...]) -> None:
        """A concatenation: its parts are computed inside it, or copied there."""
        inputs: list[str] = []
        for name, offset in zip(node.inputs, offsets, strict=True):
            part = name if self.may_move(name, offset) else self.copy(name, f"{node.name}/part{len(inputs)}")
            self.layout.put(self.layout.find(part)[0], node.name, offset)
            inputs.append(part)
        self.nodes.append(dataclasses.replace(node, inputs=tuple(inputs)))
        self.produced.add(node.name)

    def join_ring(self, node: Node, ring: Ring) -> None:
        fits = self.may_move(ring.new, ring.step_bytes) and self.layout.find(ring.new)[0] not in self.fixed()
        new = ring.new if fits else self.copy(ring.new, f"{node.name}/new")
        self.layout.put(self.layout.find(new)[0], node.name, ring.past_bytes)
        self.layout.put(ring.state.read, node.name, 0)
        self.layout.rings[node.name] = ring
        self.nodes.append(dataclasses.replace(node, inputs=(node.inputs[0], new)))

    def fixed(self) -> set[str]:
        """Roots that the caller finds at one address."""
        return {self.layout.find(n)[0] for n in (*self.graph.inputs, *self.graph.outputs)}

    def may_move(self, name: str, offset: int) -> bool:
        """Its root is all of it, not yet part of another, and may start at such an offset."""
        if not name or self.graph[name].is_constant:
            return False
        root, first = self.layout.find(name)
        whole = first == 0 and nbytes(self.graph[root]) == nbytes(self.graph[name])
        return whole and root in self.produced and self.is_aligned(name, offset)

    def reads_ring(self, name: str, kernel: Kernel) -> bool:
        """Nothing to ask when it is in no ring."""
        found = self.layout.ring_of(name) if name else None
        if found is None:
            return False
        t, row = self.graph[name], found[0].frame_bytes
        same_rows = len(t.shape) == 4 and math.prod(t.shape[2:]) * np.dtype(t.dtype).itemsize == row
        return bool(kernel.ring_function) and same_rows

    def contiguous(self, name: str) -> str:
        """Itself, or a copy of what may lie around a ring's end."""
        return self.copied(name) if name and self.layout.ring_of(name) is not None else name

    def aligned(self, name: str) -> str:
        """Itself, or a copy of what starts at an odd byte; rings are no kernel's to align."""
        if not name or self.graph[name].is_constant or self.layout.ring_of(name) is not None:
            return name
        root, offset = self.layout.find(name)
        ring = self.layout.rings.get(root)
        moves = ring.step_bytes if ring is not None else 0
        return name if self.is_aligned(name, offset) and self.is_aligned(name, moves) else self.copied(name)

    def is_aligned(self, name: str, offset: int) -> bool:
        """A kernel may read or write the tensor there: bytes anywhere, where the core loads words from anywhere."""
        narrow = np.dtype(self.graph[name].dtype).itemsize == 1
        return offset % ALIGNMENT == 0 or (narrow and self.target.unaligned)

    def copied(self, name: str) -> str:
        if name not in self.copies:
            self.copies[name] = self.copy(name, f"{name}/copy")
        return self.copies[name]

    def copy(self, name: str, to: str) -> str:
        """A COPY, which reads from anywhere, and its output's name."""
        source = self.graph[name]
        made = dataclasses.replace(source, name=to, data=None)
        self.graph = self.graph.with_(tensors=[made])
        node = Node(Copy(), (name,), (to,))
        self.add(node, node.op.c_kernel([source], [made], self.target))
        return to

    def output(self, name: str) -> str:
        """An output lies in the arena, where the caller may read it after the states moved on."""
        constant = self.graph[name].is_constant
        return self.copied(name) if constant or not self.layout.in_arena(name) else self.aligned(name)

    def write_states(self, states: tuple[State, ...]) -> None:
        """The next value is computed where the state is kept, or copied there after its last reader."""
        changing = [s for s in states if self.graph[s.write].is_constant or self.layout.find(s.write) != (s.read, 0)]
        for state in changing:
            if not self.graph[state.write].is_constant and self.layout.find(state.write)[0] in self.layout.states:
                self.copied(state.write)  # before that state changes
        readers = {s.read: self.readers(s.read) for s in changing}
        for state in changing:
            source = self.copies.get(state.write, state.write)
            in_place = self.may_overwrite(state, source, readers[state.read])
            target = source if in_place else self.copy(source, f"{state.read}/next")
            self.layout.put(self.layout.find(target)[0], state.read, 0)
            maker = self.maker(self.layout.chain(target)[-2])
            self.after[maker.name] = {n.name for n in readers[state.read]} - {maker.name}

    def readers(self, root: str) -> list[Node]:
        names = {t for t in self.graph.tensors if self.layout.find(t)[0] == root}
        return [n for n in self.nodes if names.intersection(n.inputs) and n.name in self.kernels]

    def maker(self, root: str) -> Node:
        return next(n for n in self.nodes if root in n.outputs)

    def may_overwrite(self, state: State, write: str, readers: list[Node]) -> bool:
        """A kernel makes all of it, and all readers of the old value can run before that kernel."""
        if not self.may_move(write, 0) or nbytes(self.graph[write]) != nbytes(self.graph[state.read]):
            return False
        root, _ = self.layout.find(write)
        twice = sum(self.layout.find(s.write)[0] == root for s in self.graph.states) > 1
        if root in self.fixed() or twice or self.maker(root).name not in self.kernels:
            return False
        maker = self.maker(root)
        blocked = self.descendants(maker) | (set() if self.updates(maker, root, state.read) else {maker.name})
        return not any(n.name in blocked for n in readers)

    def updates(self, node: Node, output: str, state: str) -> bool:
        """The kernel may write this output over the state that it reads."""
        kernel, outputs = self.kernels[node.name], node.outputs
        pairs = {*kernel.updates, *((i, 0) for i in kernel.in_place)}
        found = [self.layout.find(t.name) for t in tensors_of(self.graph, node)]
        positions = [i for i, (root, _) in enumerate(found) if root == state]
        return all((i, outputs.index(output)) in pairs and found[i][1] == 0 for i in positions)

    def descendants(self, node: Node) -> set[str]:
        """Names of the nodes that cannot run before ``node`` has."""
        reached, found = set(node.outputs), {node.name}
        size = 0
        while size < len(found):
            size = len(found)
            for n in self.nodes:
                if reached.intersection(n.inputs) or found & self.after.get(n.name, set()):
                    reached.update(n.outputs)
                    found.add(n.name)
        return found - {node.name}


def tensors_of(graph: Graph, node: Node) -> list[Tensor]:
    """The inputs that become arguments of the call."""
    return [t for t in graph.args(node) if not t.is_constant]
