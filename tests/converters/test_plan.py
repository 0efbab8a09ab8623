"""Orders, lifetimes and offsets: what is read is what was written, and memory is shared only where it may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_graph

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops.conv.op import Conv
from converters.plan import Plan, nbytes, plan
from converters.plan.order import Root, Task, best_order, peak
from converters.plan.place import Block, Overlap, height, place
from converters.target import target

SEEDS = range(60)


def arguments(made: Plan, names) -> list[str]:
    return [n for n in names if n and not made.graph[n].is_constant]


class Memory:
    """An arena that knows of each byte which byte of which root it holds."""

    def __init__(self, made: Plan):
        self.made, self.bytes = made, [None] * made.arena_bytes

    def write(self, name: str) -> None:
        root, first = self.made.layout.find(name)
        for i in range(nbytes(self.made.graph[name])):
            self.bytes[self.made.offsets[name] + i] = root, first + i

    def check(self, name: str, step: str) -> None:
        root, first = self.made.layout.find(name)
        at, size = self.made.offsets[name], nbytes(self.made.graph[name])
        assert self.bytes[at : at + size] == [(root, first + i) for i in range(size)], f"{name} lost before {step}"

    def run(self) -> None:
        """Every call reads what it should find, then scratch and outputs take their bytes."""
        in_arena = self.made.offsets.keys()
        for name in self.made.graph.inputs:
            self.write(name)
        for i, step in enumerate(self.made.steps):
            for name in arguments(self.made, step.node.inputs):
                if name in in_arena:
                    self.check(name, step.node.name)
            if step.scratch >= 0:
                end = step.scratch + step.kernel.scratch_bytes
                self.bytes[step.scratch : end] = [("scratch", i)] * step.kernel.scratch_bytes
                for name in arguments(self.made, step.node.inputs):
                    if name in in_arena:
                        self.check(name, f"the scratch of {step.node.name}")
            for name in step.node.outputs:
                if name in in_arena:
                    self.write(name)
        for name in self.made.graph.outputs:
            self.check(name, "the end")


@pytest.mark.parametrize("core", ["host", "cortex-m0+", "cortex-m4", "cortex-m55"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_call_finds_its_inputs(seed, core):
    made = plan(random_graph(seed, 8, states=seed % 2 == 1), target(core))
    Memory(made).run()
    assert made.bound_bytes <= made.arena_bytes == max((b.offset + b.bytes for b in made.blocks), default=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_lie_over_inputs_only_where_the_kernel_allows_it(seed):
    made = plan(random_graph(seed, 8), target("cortex-m4"))
    for step in made.steps:
        ins = arguments(made, step.node.inputs)
        for position, x in enumerate(ins):
            for index, y in enumerate(step.node.outputs):
                if x not in made.offsets or y not in made.offsets or not overlap(made, x, y):
                    continue
                gap, kernel = made.offsets[x] - made.offsets[y], step.kernel
                leads = position == 0 and index == 0 and 0 <= kernel.lead_bytes <= gap
                exact = gap == 0 and index == 0 and position in kernel.in_place
                assert leads or exact, f"{step.node.name}: {y} over {x}"


def overlap(made: Plan, x: str, y: str) -> bool:
    (a, n), (b, m) = ((made.offsets[t], nbytes(made.graph[t])) for t in (x, y))
    return a < b + m and b < a + n


@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_stay_in_topological_order(seed):
    made = plan(random_graph(seed, 10, states=True), target("host"))
    made.graph.validate()
    names = [n.name for n in made.graph]
    assert [s.node.name for s in made.steps] == [n for n in names if n in {s.node.name for s in made.steps}]


@st.composite
def blocks(draw) -> list[Block]:
    found = []
    for i in range(draw(st.integers(1, 10))):
        first = draw(st.integers(-1, 8))
        found.append(Block(f"b{i}", 4 * draw(st.integers(0, 40)), first, draw(st.integers(first, 9))))
    return found


@given(blocks())
@settings(max_examples=60, deadline=None)
def test_live_blocks_never_meet(drawn):
    placed = place(drawn, ())
    for i, a in enumerate(placed):
        assert a.offset >= 0 and a.offset % 4 == 0
        for b in placed[:i]:
            together = a.first <= b.last and b.first <= a.last
            assert not together or a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
    live = max(sum(b.bytes for b in placed if b.first <= t <= b.last) for t in range(-1, 10))
    assert live <= height(placed) <= sum(b.bytes for b in placed)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_an_output_leads_its_input(x, y, lead):
    x, y, lead = 4 * x, 4 * y, 4 * lead
    pair = [Block("x", x, 0, 1), Block("y", y, 1, 2)]
    rule = Overlap("y", "x", lead)
    placed = {b.name: b.offset for b in place(pair, [rule])}
    apart = placed["y"] + y <= placed["x"] or placed["x"] + x <= placed["y"]
    assert apart or rule.allows(placed["y"], placed["x"])
    assert height(place(pair, [rule])) == min(x + y, rule.union_bytes(y, x))


def test_in_place_takes_no_more_than_one():
    chain = [Block(f"t{i}", 100, i, i + 1) for i in range(6)]
    rules = [Overlap(f"t{i + 1}", f"t{i}", equal=0) for i in range(5)]
    assert height(place(chain, rules)) == 100


@st.composite
def diamonds(draw) -> tuple[list[Task], list[Root]]:
    """Tasks that each make one root and read some earlier ones."""
    n = draw(st.integers(2, 9))
    reads = [draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else set() for i in range(n)]
    roots = []
    for i in range(n):
        touch = 1 << i | sum(1 << j for j in range(n) if i in reads[j])
        roots.append(Root(f"r{i}", draw(st.integers(1, 50)), touch, False, touch == 1 << i))
    return [Task(sum(1 << r for r in reads[i]), draw(st.integers(0, 9))) for i in range(n)], roots


def orders(tasks: list[Task], done: int = 0, before: tuple[int, ...] = ()):
    if len(before) == len(tasks):
        yield list(before)
    for i, t in enumerate(tasks):
        if not done >> i & 1 and not t.before & ~done:
            yield from orders(tasks, done | 1 << i, (*before, i))


@given(diamonds())
@settings(max_examples=40, deadline=None)
def test_no_order_has_a_lower_peak(drawn):
    tasks, roots = drawn
    found = best_order(tasks, roots)
    assert sorted(found) == list(range(len(tasks)))
    done = 0
    for i in found:
        assert not tasks[i].before & ~done
        done |= 1 << i
    some = [peak(tasks, roots, o) for _, o in zip(range(2000), orders(tasks), strict=False)]
    assert peak(tasks, roots, found) <= min(some)


def test_a_wide_graph_is_ordered_in_reasonable_time():
    n = 40
    tasks = [Task(0 if i < n - 1 else (1 << n - 1) - 1, 0) for i in range(n)]
    roots = [Root(f"r{i}", 1 + i, 1 << i | 1 << n - 1, False, i == n - 1) for i in range(n)]
    assert sorted(best_order(tasks, roots)) == list(range(n))


def test_a_plan_is_the_same_every_time():
    first, second = (plan(random_graph(7, 10, states=True), target("cortex-m4")) for _ in range(2))
    assert first.offsets == second.offsets and [s.node for s in first.steps] == [s.node for s in second.steps]


def test_old_frames_are_not_moved():
    """A window over time is a ring: nothing is copied but the input, which keeps its address."""
    from converters.graph import Graph, Node, Quantization, State, Tensor
    from converters.ops.concatenation.op import Concatenation
    from converters.ops.relu.op import Relu
    from converters.ops.slice.op import Slice

    q = Quantization.of(0.1)
    shapes = {"x": (1, 2, 1, 8), "new": (1, 2, 1, 8), "s": (1, 5, 1, 8), "w": (1, 7, 1, 8), "n": (1, 5, 1, 8)}
    tensors = {k: Tensor(k, s, "int8", q) for k, s in shapes.items()} | {"y": Tensor("y", (1, 7, 1, 8), "int8", q)}
    nodes = (
        Node(Relu(), ("x",), ("new",)),
        Node(Concatenation(1), ("s", "new"), ("w",)),
        Node(Slice.last_frames((1, 7, 1, 8), 5), ("w",), ("n",)),
        Node(Relu(), ("w",), ("y",)),
    )
    assert isinstance(nodes[2].op, Slice)
    graph = Graph(("x",), ("y",), nodes, tensors, (State("s", "n", np.zeros((1, 5, 1, 8), np.int8)),))
    made = plan(graph, target("host"))
    assert [s.node.op.builtin for s in made.steps] == ["RELU", "COPY", "RELU"]  # RELU reads no rings
    assert made.where("new").memory == "slot" and made.where("w").memory == "ring"
    assert [r.bytes for r in made.rings] == [8 * 8]


def test_scratch_grows_into_what_a_step_leaves_free(monkeypatch):
    """A wide layer is all of the arena; a narrow one after it takes more scratch than beside its own activations."""
    core, graph = target("cortex-m0+"), wide_then_narrow()
    made = plan(graph, core)
    Memory(made).run()
    monkeypatch.setattr("converters.plan.fill_gaps", lambda made, calls, placed, target, alignment: placed)
    before = plan(graph, core)
    assert made.arena_bytes == before.arena_bytes
    grown = [a.kernel.scratch_bytes - b.kernel.scratch_bytes for a, b in zip(made.steps, before.steps, strict=True)]
    assert min(grown) >= 0 and grown[-1] > 1000


def wide_then_narrow() -> Graph:
    """1x1 convolutions: 40 x 40 positions to 8 channels, every 8th of them to 64, and those to 64."""
    rng = np.random.default_rng(0)
    tensors = {"x": Tensor("x", (1, 40, 40, 4), "int8", Quantization.of(0.05, 0))}
    nodes = []
    for name, source, channels, stride in (("a", "x", 8, 1), ("b", "a", 64, 8), ("c", "b", 64, 1)):
        x, op = tensors[source], Conv((stride, stride), (1, 1), (0, 0, 0, 0), "RELU")
        w = rng.integers(-50, 51, (channels, 1, 1, x.shape[3])).astype(np.int8)
        scales = Quantization((0.002,) * channels, (0,) * channels, 0)
        weights = Tensor.constant(f"{name} weights", w, scales)
        y = Tensor(name, op.shape([x, weights]), "int8", Quantization.of(0.05, -128))
        tensors |= {weights.name: weights, name: y}
        nodes.append(Node(op, (source, weights.name), (name,)))
    return Graph(("x",), ("c",), tuple(nodes), tensors)
