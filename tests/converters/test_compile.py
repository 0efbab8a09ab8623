"""Compiled models compute what the integer reference does, step after step, and stay in their memory."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
from random_graphs import random_graph
from typer.testing import CliRunner

from converters.budget import BudgetError, needed, plan_within
from converters.compile import PASSES, compile_model, files, lower, open_source
from converters.emit.c import emit
from converters.error import ConvertError
from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.native import Sanitized
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.pad.op import Pad
from converters.ops.quantize.op import Quantize
from converters.ops.slice.op import Slice
from converters.ops.split_v.op import SplitV
from converters.passes.patch import patch, regions
from converters.plan import plan
from converters.run import run_steps
from converters.target import Target, target
from edge.manifest import bundled_names, open_bundle

DATA = Path(os.environ.get("NUTHATCH_DATA", "/nonexistent")) / "models"


def steps_for(graph: Graph, count: int, seed: int = 0) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(seed)

    def draw(name: str) -> np.ndarray:
        t = graph[name]
        if t.dtype == "float32":
            return rng.normal(0, 1, t.shape).astype(np.float32)
        limits = np.iinfo(t.dtype)
        return rng.integers(limits.min, limits.max + 1, t.shape).astype(t.dtype)

    return [[draw(i) for i in graph.inputs] for _ in range(count)]


def same(found, wanted) -> None:
    for step, (a, b) in enumerate(zip(found, wanted, strict=True)):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y, err_msg=f"step {step}")


def check(graph: Graph, folder: Path, count: int, core: Target | None = None) -> None:
    made = plan(lower(graph), core or target("host"))
    steps = steps_for(graph, count)
    same(Sanitized(emit(made), made, folder).run(steps), list(run_steps(graph, steps)))


@pytest.mark.parametrize("seed", range(16))
def test_random_graphs(seed, tmp_path):
    check(random_graph(100 + seed, 8), tmp_path, 3)


@pytest.mark.parametrize("seed", range(16))
def test_random_streams(seed, tmp_path):
    check(random_graph(200 + seed, 7, states=True), tmp_path, 40)


@pytest.mark.parametrize("seed", range(4))
def test_cores_without_unaligned_loads(seed, tmp_path):
    """Planned as for a Cortex-M0+, under the sanitizer that sees misaligned words."""
    core = dataclasses.replace(target("host"), unaligned=False)
    check(random_graph(300 + seed, 8, states=True), tmp_path, 12, core)


@pytest.mark.parametrize("name", bundled_names())
def test_bundles_step_after_step(name, tmp_path):
    source = open_source(name)
    streams = open_bundle(name).manifest.stream is not None
    assert len(source.graph.inputs) == len(source.graph.outputs) == 1 and bool(source.graph.states) == streams
    check(source.graph, tmp_path, 40 if streams else 1)


MODELS = sorted(DATA.glob("*.tflite"))


@pytest.mark.skipif(not MODELS, reason="NUTHATCH_DATA is not set")
@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_real_models(path, tmp_path):
    try:
        source = open_source(path)
    except ConvertError as e:
        pytest.skip(str(e))
    check(source.graph, tmp_path, 40 if source.graph.states else 2)


def test_a_stream_file_in_its_bundle_keeps_its_states(tmp_path):
    name = bundled_names()[0]
    folder = open_source(name)
    file = open_source(open_bundle(name).file("stream.tflite"))
    assert [s.read for s in file.graph.states] == [s.read for s in folder.graph.states]
    alone = tmp_path / "stream.tflite"
    alone.write_bytes(file.content)
    assert not open_source(alone).graph.states


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("rewrite", PASSES, ids=lambda p: p.__name__)
def test_passes_change_no_bit(rewrite, seed):
    graph = random_graph(400 + seed, 10, states=True)
    steps = steps_for(graph, 4)
    same(list(run_steps(rewrite(graph).validate(), steps)), list(run_steps(graph, steps)))


Q = Quantization.of(0.05, 3)


def graph_of(nodes: list[Node], tensors: list[Tensor], x: Tensor, y: str, states: tuple[State, ...] = ()) -> Graph:
    known = {t.name: t for t in [x, *tensors]}
    for n in nodes:
        for name, shape in zip(n.outputs, n.op.shapes([known[i] for i in n.inputs]), strict=True):
            known.setdefault(name, Tensor(name, shape, "int8", Q))
    return Graph((x.name,), (y,), tuple(nodes), known, states).validate()


def weights(name: str, shape: tuple[int, ...], axis: int) -> Tensor:
    rng = np.random.default_rng(len(name))
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.01, shape[axis]))
    return Tensor.constant(
        name, rng.integers(-127, 128, shape).astype(np.int8), Quantization(scales, (0,) * len(scales), axis)
    )


def unchanged(graph: Graph, steps: int = 6) -> Graph:
    """The lowered graph, which computes the same."""
    lowered, given = lower(graph), steps_for(graph, steps)
    same(list(run_steps(lowered, given)), list(run_steps(graph, given)))
    return lowered


def test_mixed_kernels_become_one():
    x = Tensor("x", (1, 11, 1, 12), "int8", Q)
    nodes = [
        Node(SplitV((8, 4), 3), ("x",), ("a", "b")),
        Node(Slice((0, 4, 0, 0), (1, -1, 1, 8)), ("a",), ("late",)),
        Node(DepthwiseConv(), ("late", "wa"), ("ya",)),
        Node(DepthwiseConv(), ("b", "wb"), ("yb",)),
        Node(Concatenation(3), ("ya", "yb"), ("y",)),
    ]
    wa, wb = weights("wa", (1, 7, 1, 8), 3), weights("wb", (1, 11, 1, 4), 3)
    lowered = unchanged(graph_of(nodes, [wa, wb], x, "y"))
    assert lowered.histogram() == {"DEPTHWISE_CONV_2D": 1}


def test_mixed_kernels_of_other_scales_stay():
    x, other = Tensor("x", (1, 5, 1, 8), "int8", Q), Tensor("yb", (1, 1, 1, 4), "int8", Quantization.of(0.07, 3))
    nodes = [
        Node(SplitV((4, 4), 3), ("x",), ("a", "b")),
        Node(DepthwiseConv(), ("a", "wa"), ("ya",)),
        Node(DepthwiseConv(), ("b", "wb"), ("yb",)),
        Node(Concatenation(3), ("ya", "yb"), ("y",)),
    ]
    tensors = [weights("wa", (1, 5, 1, 4), 3), weights("wb", (1, 5, 1, 4), 3), other]
    assert unchanged(graph_of(nodes, tensors, x, "y")).histogram()["DEPTHWISE_CONV_2D"] == 2


def test_one_channel_in_many_out_is_a_convolution():
    x, w = Tensor("x", (1, 9, 8, 1), "int8", Q), weights("w", (1, 4, 3, 6), 3)
    op = DepthwiseConv((2, 2), (1, 1), (1, 1, 1, 1), "RELU")
    assert unchanged(graph_of([Node(op, ("x", "w"), ("y",))], [w], x, "y")).histogram() == {"CONV_2D": 1}


@pytest.mark.parametrize("scale, count", [(0.05, 0), (0.06, 1)])
def test_only_padding_with_zero_is_absorbed(scale, count):
    """TFLM's PAD fills with the output's zero point and leaves the values."""
    x, w = Tensor("x", (1, 5, 5, 2), "int8", Q), weights("w", (1, 3, 3, 2), 3)
    padded = Tensor("p", (1, 7, 7, 2), "int8", Quantization.of(scale, 3))
    nodes = [
        Node(Pad(((0, 0), (1, 1), (2, 0), (0, 0))), ("x",), ("p",)),
        Node(DepthwiseConv(), ("p", "w"), ("y",)),
    ]
    assert unchanged(graph_of(nodes, [w, padded], x, "y")).histogram().get("PAD", 0) == count


def test_requantization_to_the_same_scale_goes():
    x = Tensor("x", (1, 4), "int8", Q)
    nodes = [Node(Quantize(), ("x",), ("a",)), Node(Quantize(), ("a",), ("y",))]
    assert unchanged(graph_of(nodes, [], x, "y")).histogram() == {"QUANTIZE": 1}


@pytest.mark.parametrize("seed", range(20))
def test_dense_over_a_window_reads_the_ring(seed):
    rng = np.random.default_rng(seed)
    q = Quantization.of(float(rng.uniform(0.01, 0.1)), int(rng.integers(-128, 128)))
    x = Tensor("x", (1, 1, 1, 8), "int8", q)
    s, w = Tensor("s", (1, 3, 1, 8), "int8", q), weights("w", (2, 32), 0)
    w = Tensor.constant("w", w.values, Quantization.of(float(rng.uniform(0.001, 0.01))))
    nodes = [
        Node(Concatenation(1), ("s", "x"), ("whole",)),
        Node(Slice.last_frames((1, 4, 1, 8), 3), ("whole",), ("next",)),
        Node(FullyConnected(), ("whole", "w"), ("y",)),
    ]
    y = Tensor("y", (1, 2), "int8", Quantization.of(float(rng.uniform(0.1, 0.5)), 3))
    joined = [Tensor(n, (1, k, 1, 8), "int8", q) for n, k in (("whole", 4), ("next", 3))]
    state = State("s", "next", np.zeros((1, 3, 1, 8), np.int8))
    lowered = unchanged(graph_of(nodes, [s, w, y, *joined], x, "y", (state,)))
    assert lowered.histogram()["CONV_2D"] == 1


@pytest.mark.parametrize("swap", [False, True])
def test_states_that_are_kept_as_they_are(swap, tmp_path):
    """Two states: one added up; with ``swap`` each becomes the other's old value."""
    from converters.ops.add.op import Add
    from converters.ops.relu.op import Relu

    names = ("x", "a", "b", "y", "next")
    tensors = {n: Tensor(n, (1, 1, 1, 6), "int8", Q) for n in names}
    nodes = (Node(Add(), ("x", "a"), ("next",)), Node(Relu(), ("b",), ("y",)))
    ones = np.arange(6, dtype=np.int8).reshape(1, 1, 1, 6)
    writes = ("b", "a") if swap else ("next", "x")
    states = (State("a", writes[0], ones), State("b", writes[1], 2 * ones))
    check(Graph(("x",), ("y", "next"), nodes, tensors, states).validate(), tmp_path, 6)


@pytest.mark.parametrize("seed", range(12))
def test_patches_change_no_bit(seed, tmp_path):
    """Any region of any graph, in any number of patches."""
    graph = next(g for g in (random_graph(500 + 50 * seed + i, 8) for i in range(50)) if longest(g) > 1)
    rng = np.random.default_rng(seed)
    large = [r for r in regions(graph) if len(r) > 1]
    segment, count = large[int(rng.integers(0, len(large)))], int(rng.integers(2, 6))
    try:
        patched = patch(graph, segment, count)
    except ConvertError as e:
        assert "see only padding" in str(e)
        return
    assert patched.macs() >= graph.macs()
    steps = steps_for(graph, 2)
    wanted = list(run_steps(graph, steps))
    same(list(run_steps(patched, steps)), wanted)
    made = plan(patched, target("host"))
    same(Sanitized(emit(made), made, tmp_path).run(steps), wanted)


def longest(graph: Graph) -> int:
    return max(map(len, regions(graph)), default=0)


def deep(frames: int = 24) -> Graph:
    """Two wide layers between narrow ones, as the first layers of a picture network are."""
    x = Tensor("x", (1, frames, 12, 2), "int8", Q)
    shapes = [(2, 12), (12, 12), (12, 4), (4, 4)]
    convs = [Conv((2 if i == 2 else 1, 1), (1, 1), (1, 1, 1, 1), "RELU") for i in range(4)]
    names = ["x", "a", "b", "c", "y"]
    nodes = [Node(op, (names[i], f"w{i}"), (names[i + 1],)) for i, op in enumerate(convs)]
    return graph_of(nodes, [weights(f"w{i}", (o, 3, 3, n), 0) for i, (n, o) in enumerate(shapes)], x, "y")


def test_a_budget_is_kept_at_the_price_of_rows_computed_twice(tmp_path):
    graph = deep()
    free = plan(graph, target("m4"))
    made = plan_within(graph, target("m4"), needed(free) * 3 // 4)
    assert needed(made) <= needed(free) * 3 // 4 and made.graph.macs() > graph.macs()
    steps = steps_for(graph, 2)
    on_host = plan_within(graph, target("host"), needed(plan(graph, target("host"))) * 3 // 4)
    same(Sanitized(emit(on_host), on_host, tmp_path).run(steps), list(run_steps(graph, steps)))
    with pytest.raises(BudgetError, match="the smallest plan found is"):
        plan_within(graph, target("m4"), 100)


def run(*args: str):
    import typer

    from converters.cli.compile import compile as verb

    app = typer.Typer()
    app.command()(verb)
    return CliRunner().invoke(app, list(args))


def test_the_verb_writes_a_library(tmp_path):
    name = bundled_names()[0]
    done = run(name, "--target", "m4", "--out", str(tmp_path / "new" / "folder"), "--prefix", "ears")
    assert done.exit_code == 0, done.output
    written = sorted(p.name for p in (tmp_path / "new" / "folder").iterdir())
    assert written == ["CMakeLists.txt", "ears.c", "ears.h", "library.json", "library.properties"]
    assert "arena" in done.output and "nh_conv" in done.output


def test_json_of_the_verb():
    done = run(bundled_names()[0], "--target", "cortex-m4", "--json")
    facts = json.loads(done.stdout)
    assert facts["target"] == "cortex-m4" and facts["arena_bytes"] > 0 and facts["files"] == []
    assert sum(x["macs"] for x in facts["layers"]) == facts["macs"] + facts["recomputed_macs"]


def test_the_verb_says_what_is_wrong(tmp_path):
    name = bundled_names()[0]
    assert run(name, "--target", "z80").exit_code == 2
    assert "cortex-m4" in run(name, "--target", "z80").output
    assert run(name, "--ram", "much").exit_code == 2
    assert run(name, "--library", "--target", "m4").exit_code == 2
    assert run(str(tmp_path / "none.tflite")).exit_code == 1
    assert run(name, "--prefix", "Über").exit_code == 1
    tight = run(name, "--ram", "1K")
    assert tight.exit_code == 3 and "1,024" in tight.output


def test_files_say_nothing_of_the_machine():
    source = open_source(bundled_names()[0])
    first, second = (files(compile_model(source, target("m4")), source.about, "m") for _ in range(2))
    assert first == second
    assert not any(word in text for text in first.values() for word in (str(Path.home()), str(Path.cwd()), "/tmp"))
