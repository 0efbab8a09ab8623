"""Where every tensor lives: order of execution, lifetimes, offsets in the arena, the exact number of bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from converters.graph import Graph, Node, State
from converters.kernel import Kernel
from converters.plan.copy import nbytes
from converters.plan.explicit import Explicit, explicit, tensors_of
from converters.plan.gaps import fill_gaps
from converters.plan.layout import ALIGNMENT, Layout
from converters.plan.order import Root, Task, best_order, dependencies, peak
from converters.plan.place import TRIES, Block, Overlap, height, place
from converters.plan.ring import Ring
from converters.target import Target

__all__ = ["Block", "Plan", "Ring", "Step", "Where", "nbytes", "plan"]


@dataclass(frozen=True)
class Step:
    """One call: a node, its kernel, and where its scratch starts (-1: none)."""

    node: Node
    kernel: Kernel
    scratch: int = -1


@dataclass(frozen=True)
class Where:
    """First byte of a tensor. ``memory``: 'arena' or 'state' (an offset there), 'slot' (behind the head of a ring:
    the new frames), or 'ring' (behind the oldest frame of a ring, perhaps around its end)."""

    memory: str
    offset: int
    ring: int = -1


@dataclass(frozen=True)
class Kept:
    """A state outside rings: where it is kept in the state array."""

    state: State
    offset: int


@dataclass(frozen=True)
class Plan:
    """Everything that the emitter needs."""

    graph: Graph
    """With the copies that are needed, and its nodes in the order of execution; views have no step."""
    steps: tuple[Step, ...]
    offsets: Mapping[str, int]
    """Tensor -> first byte in the arena, for those that live there."""
    blocks: tuple[Block, ...]
    """What lives in the arena, views not counted; steps count from 0, inputs begin at -1."""
    arena_bytes: int
    target: Target
    rings: tuple[Ring, ...] = ()
    kept: tuple[Kept, ...] = ()
    state_bytes: int = 0
    """Of the state array; further ``4 * len(rings)`` hold the heads."""
    bound_bytes: int = 0
    """No placement of this order needs less."""
    layout: Layout = field(default_factory=Layout, repr=False)

    def where(self, name: str) -> Where:
        """Raises KeyError for a constant."""
        root, offset = self.layout.find(name)
        for i, ring in enumerate(self.rings):
            if ring.whole == root and offset < ring.past_bytes:
                return Where("ring", offset, i)
            if ring.whole == root:
                return Where("slot", offset - ring.past_bytes, i)
        for kept in self.kept:
            if kept.state.read == root:
                return Where("state", kept.offset + offset)
        return Where("arena", self.offsets[name])


def plan(graph: Graph, target: Target, thorough: bool = True) -> Plan:
    """The best order and placement found; raises ConvertError for an operator without kernel.

    Not ``thorough``: in a hundredth of the time, and seldom worse, for a search over many graphs.
    """
    made = explicit(graph, target)
    calls = [n for n in made.graph if n.name in made.kernels]
    roots = _roots(made, calls)
    overlaps = [_overlaps(made, node, {r.name for r in roots}) for node in calls]
    tasks = _tasks(made, calls, roots, overlaps)
    order = best_order(tasks, roots, thorough)
    calls, overlaps = [calls[i] for i in order], [overlaps[i] for i in order]
    blocks = _blocks(made, calls, _roots(made, calls))
    usable = [o for i, found in enumerate(overlaps) for o in found if _meet(blocks, o, i)]
    bound = peak(tasks, roots, order)
    # On the host scratch may hold pointers of 8 bytes.
    alignment = 8 if target.name == "host" else ALIGNMENT
    placed = place(list(blocks.values()), usable, bound, alignment, TRIES if thorough else 0)
    placed = fill_gaps(made, calls, placed, target, alignment)
    return _plan(made, target, calls, placed, bound)


def _plan(made: Explicit, target: Target, calls: list[Node], placed: list[Block], bound: int) -> Plan:
    at = {b.name: b.offset for b in placed}
    steps = tuple(Step(n, made.kernels[n.name], at.get(f"scratch {i}", -1)) for i, n in enumerate(calls))
    found = {t: made.layout.find(t) for t in made.graph.tensors if not made.graph[t].is_constant}
    offsets = {t: at[root] + offset for t, (root, offset) in found.items() if root in at}
    rings, kept, state_bytes = _state_array(made)
    graph = made.graph.with_(_sorted(made.graph, calls))
    return Plan(
        graph, steps, offsets, tuple(placed), height(placed), target, rings, kept, state_bytes, bound, made.layout
    )


def _state_array(made: Explicit) -> tuple[tuple[Ring, ...], tuple[Kept, ...], int]:
    rings, kept, offset = [], [], 0
    for ring in made.layout.rings.values():
        rings.append(dataclasses.replace(ring, offset=offset))
        offset += up(ring.bytes)
    for state in made.plain:
        kept.append(Kept(state, offset))
        offset += up(nbytes(made.graph[state.read]))
    return tuple(rings), tuple(kept), offset


def _sorted(graph: Graph, calls: list[Node]) -> list[Node]:
    """All nodes, views too, as early as what they read allows, the calls in their order."""
    known = {*graph.sources, *(t.name for t in graph.tensors.values() if t.is_constant), ""}
    views = [n for n in graph if n not in calls]
    nodes: list[Node] = []

    def append(node: Node) -> None:
        nodes.append(node)
        known.update(node.outputs)
        for v in [v for v in views if known.issuperset(v.inputs)]:
            if v in views:
                views.remove(v)
                append(v)

    for v in [v for v in views if known.issuperset(v.inputs)]:
        if v in views:
            views.remove(v)
            append(v)
    for node in calls:
        append(node)
    return nodes


def up(n: int) -> int:
    return -(-n // ALIGNMENT) * ALIGNMENT


def _touched(made: Explicit, node: Node) -> set[str]:
    names = [*(t.name for t in tensors_of(made.graph, node)), *node.outputs]
    return {made.layout.find(n)[0] for n in names}


def _roots(made: Explicit, calls: list[Node]) -> list[Root]:
    """What is placed in the arena, with the calls that touch it."""
    layout, graph = made.layout, made.graph
    touch: dict[str, int] = {layout.find(i)[0]: 0 for i in graph.inputs}
    for bit, node in enumerate(calls):
        for root in _touched(made, node):
            touch[root] = touch.get(root, 0) | 1 << bit
    sources = {layout.find(i)[0] for i in graph.inputs}
    sinks = {layout.find(o)[0] for o in graph.outputs}
    return [
        Root(name, up(nbytes(graph[name])), bits, name in sources, name in sinks)
        for name, bits in touch.items()
        if layout.in_arena(name)
    ]


def _overlaps(made: Explicit, node: Node, roots: set[str]) -> list[Overlap]:
    """What the kernel allows of its first output and its inputs, in terms of their roots."""
    kernel, layout = made.kernels[node.name], made.layout
    arguments = [layout.find(t.name) for t in tensors_of(made.graph, node)]
    y_root, y_first = layout.find(node.outputs[0])
    found = []
    for x_root, x_first in dict.fromkeys(arguments):
        positions = [i for i, a in enumerate(arguments) if a[0] == x_root]
        if x_root == y_root or not {x_root, y_root} <= roots or any(arguments[i][1] != x_first for i in positions):
            continue
        shift = x_first - y_first
        lead = up(kernel.lead_bytes - shift) if kernel.lead_bytes >= 0 and positions == [0] else None
        equal = shift if set(positions) <= set(kernel.in_place) and shift % ALIGNMENT == 0 else None
        if lead is not None or equal is not None:
            found.append(Overlap(y_root, x_root, lead, equal))
    return found


def _tasks(made: Explicit, calls: list[Node], roots: list[Root], overlaps: list[list[Overlap]]) -> list[Task]:
    index = {r.name: i for i, r in enumerate(roots)}
    before = _before(made, calls)
    tasks = []
    for node, bits, found in zip(calls, before, overlaps, strict=True):
        savings = []
        for o in found:
            x, y = index[o.upper], index[o.lower]
            saved = roots[x].bytes + roots[y].bytes - o.union_bytes(roots[y].bytes, roots[x].bytes)
            savings.append((x, y, max(0, saved)))
        tasks.append(Task(bits, up(made.kernels[node.name].scratch_bytes), tuple(savings)))
    return tasks


def _before(made: Explicit, calls: list[Node]) -> list[int]:
    """Views are looked through: what a tensor depends on are the calls that made any byte of it."""
    makers: dict[str, set[str]] = {}
    for node in made.graph:
        from_inputs = set[str]().union(*(makers.get(i, set()) for i in node.inputs))
        own = {node.name} if node.name in made.kernels else from_inputs
        makers |= dict.fromkeys(node.outputs, own)
    reads = [set[str]().union(*(makers.get(i, set()) for i in n.inputs)) for n in calls]
    return dependencies(reads, [(n.name,) for n in calls], [n.name for n in calls], made.after)


def _blocks(made: Explicit, calls: list[Node], roots: list[Root]) -> dict[str, Block]:
    end = len(calls)
    blocks = {}
    for r in roots:
        steps = [i for i in range(end) if r.touch >> i & 1]
        first = -1 if r.source else min(steps)
        blocks[r.name] = Block(r.name, r.bytes, first, end if r.sink else max(steps, default=-1))
    for i, node in enumerate(calls):
        scratch = up(made.kernels[node.name].scratch_bytes)
        if scratch:
            blocks[f"scratch {i}"] = Block(f"scratch {i}", scratch, i, i)
    return blocks


def _meet(blocks: Mapping[str, Block], o: Overlap, step: int) -> bool:
    """The one ends where the other begins."""
    return blocks[o.upper].last == step == blocks[o.lower].first
