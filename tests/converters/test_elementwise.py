"""Element-wise C: every pair of values, each form of the sum, and every way to broadcast."""

from __future__ import annotations

import dataclasses

import numpy as np
import op_cases
import pytest

from converters.graph import Graph, Node, Quantization, Tensor
from converters.native import compiled
from converters.ops.add import op as add
from converters.ops.add.linear import linear
from converters.ops.add.op import Add
from converters.ops.maximum.op import Maximum
from converters.ops.mul.op import Mul
from converters.ops.sub.op import Sub
from converters.plan import plan
from converters.run import outputs
from converters.target import target

EVERY = np.arange(-128, 128).astype(np.int8)
PAIRS = [np.ascontiguousarray(v) for v in np.broadcast_arrays(EVERY[:, None], EVERY[None])]


def graph_of(op, a, b, y, shapes=((256, 256), (256, 256))):
    acts = [Tensor("a", shapes[0], "int8", a), Tensor("b", shapes[1], "int8", b)]
    out = Tensor("y", op.shape(acts), "int8", y)
    return Graph(("a", "b"), ("y",), (Node(op, ("a", "b"), ("y",)),), {t.name: t for t in (*acts, out)})


@pytest.mark.parametrize("forms", [add.FORMS, ()], ids=["linear", "three roundings"])
@pytest.mark.parametrize("op", [Add(), Sub("RELU6")], ids=["add", "sub"])
def test_sums_of_all_pairs(op, forms, monkeypatch, tmp_path):
    monkeypatch.setattr(add, "FORMS", forms)
    rng = np.random.default_rng(1)
    scales = [(0.1, 0.1, 0.1), (0.5, 0.25, 0.25), (1.0, 0.001, 0.02), *rng.uniform(0.01, 0.2, (3, 3))]
    for i, row in enumerate(scales):
        graph = graph_of(op, *(Quantization.of(s, z) for s, z in zip(row, rng.integers(-128, 128, 3), strict=True)))
        (found,) = compiled(graph, tmp_path / str(i)).run(PAIRS)
        np.testing.assert_array_equal(found, outputs(graph, PAIRS)[0], err_msg=str(row))


def test_a_linear_form_is_found_for_usual_scales():
    rng = np.random.default_rng(2)
    for _ in range(10):
        a, b, y = (Quantization.of(rng.uniform(0.01, 0.1), rng.integers(-128, 128)) for _ in range(3))
        for core in ("m0", "m4"):
            (step,) = plan(graph_of(Add(), a, b, y), target(core)).steps
            assert step.kernel.variant == "linear"


def test_what_is_not_linear_has_no_form():
    product = np.clip(EVERY[:, None].astype(int) * EVERY[None], -128, 127)
    assert linear(EVERY, EVERY, product, (1.0, 1.0), (-128, 127), 0) is None


def test_products_of_all_pairs(tmp_path):
    rng = np.random.default_rng(3)
    for i, scale in enumerate((0.5, 0.01, 1e-4)):
        graph = graph_of(Mul(), *(Quantization.of(s, rng.integers(-128, 128)) for s in (0.1, 0.1, scale)))
        (found,) = compiled(graph, tmp_path / str(i)).run(PAIRS)
        np.testing.assert_array_equal(found, outputs(graph, PAIRS)[0])


def test_any_broadcast_of_five_axes(tmp_path):
    rng = np.random.default_rng(4)
    q = Quantization.of(0.1, 3)
    for i in range(20):
        full = rng.integers(1, 4, 5)
        shapes = [tuple(int(n) for n in np.where(rng.random(5) < 0.4, 1, full)) for _ in range(2)]
        shapes[1] = shapes[1][int(rng.integers(0, 4)) :]
        graph = graph_of(Maximum(), q, q, q, shapes)
        inputs = [op_cases.Draw(i).values(s) for s in shapes]
        if i % 4 == 3:
            graph = graph.with_(tensors=[dataclasses.replace(graph["b"], data=inputs.pop())])
            graph = dataclasses.replace(graph, inputs=("a",))
        (found,) = compiled(graph, tmp_path / str(i)).run(inputs)
        np.testing.assert_array_equal(found, outputs(graph, inputs)[0], err_msg=str(shapes))
