"""Every kernel of convolutions and fully connected layers at the ends of its range: scales, weights, biases, shapes."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import op_cases
import pytest
from test_emulated_kernels import renamed, together

from converters.emit.c import emit
from converters.graph import Graph, Node, Quantization, Tensor
from converters.measure import emulator
from converters.measure.measurement import measure
from converters.native import Native, build
from converters.ops import Op
from converters.ops.conv.op import Conv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.window import same_pads
from converters.plan import plan
from converters.run import run_reference
from converters.target import target
from edge.board import open_board

BOARDS = ("mps2-an385-m0plus", "mps2-an385", "mps2-an386", "mps3-an547", "rv32-virt")


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer: x [T, F, C], ``channels`` outputs; a fully connected one when ``kernel`` is None."""

    x: tuple[int, int, int]
    channels: int
    kernel: tuple[int, int] | None = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = False
    weights: str = "random"
    real: float = 0.002
    """About what scales an accumulator to the output."""
    bias: int = 3000
    activation: str = "NONE"
    per_channel: bool = True

    def case(self, seed: int) -> op_cases.Case:
        rng = np.random.default_rng(seed)
        x, constants, op = self._parts(rng)
        y = Quantization.of(0.02, int(rng.integers(-128, 128)))
        out = Tensor("y", op.shape([x, *constants]), "int8", y)
        node = Node(op, ("x", *(c.name for c in constants)), ("y",))
        graph = Graph(("x",), ("y",), (node,), {t.name: t for t in (x, *constants, out)})
        return op_cases.Case(graph, [rng.choice([-128, 127, *range(-128, 128)], x.shape).astype(np.int8)])

    def _parts(self, rng: np.random.Generator) -> tuple[Tensor, list[Tensor], Op]:
        xq = Quantization.of(0.05, int(rng.integers(-128, 128)))
        x = Tensor("x", (1, *self.x), "int8", xq)
        kernel = self.kernel or (1, 1)
        shape = (self.channels, *kernel, self.x[2]) if self.kernel else (self.channels, int(np.prod(self.x)))
        count = self.channels if self.per_channel else 1
        scales = tuple(float(np.float32(self.real * 0.02 / 0.05 * s)) for s in rng.uniform(0.5, 1, count))
        w = Tensor.constant("w", self._weights(rng, shape), Quantization(scales, (0,) * count, 0))
        biases = rng.integers(-self.bias, self.bias + 1, self.channels).astype(np.int32)
        bq = Quantization(tuple(float(np.float32(xq.scale) * np.float32(s)) for s in scales), (0,) * count, 0)
        if not self.kernel:
            return x, [w, Tensor.constant("b", biases, bq)], FullyConnected(self.activation)
        extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, self.dilation, strict=True))
        pads = same_pads(x.shape, (extent[0], extent[1]), self.stride) if self.same else (0, 0, 0, 0)
        return x, [w, Tensor.constant("b", biases, bq)], Conv(self.stride, self.dilation, pads, self.activation)

    def _weights(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        ends = {
            "random": None,
            "extreme": (-127, 127),
            "lowest": (-128,),
            "highest": (127,),
            "foreign": (-128, -1, 127),
        }
        choices = ends[self.weights]
        return (rng.integers(-127, 128, shape) if choices is None else rng.choice(choices, shape)).astype(np.int8)


LAYERS = {
    "odd everything": Layer((5, 7, 3), 5, (3, 2), (2, 1)),
    "same": Layer((6, 5, 4), 6, (3, 3), same=True),
    "same, strided": Layer((9, 10, 1), 7, (4, 3), (2, 2), same=True),
    "dilated": Layer((9, 8, 2), 4, (2, 3), (1, 1), (3, 2)),
    "dilated in time": Layer((9, 5, 4), 4, (3, 2), (1, 1), (2, 1), same=True),
    "rows": Layer((7, 3, 2), 4, (2, 3)),
    "one frame": Layer((1, 9, 3), 3, (1, 4), (1, 2)),
    "1x1": Layer((3, 5, 8), 9),
    "1x1, one channel": Layer((2, 4, 1), 1),
    "1x1, strided": Layer((5, 6, 4), 6, (1, 1), (2, 2)),
    "1x1 in place": Layer((4, 4, 12), 7),
    "two positions": Layer((1, 2, 6), 3),
    "one position": Layer((1, 1, 30), 10),
    "one position, few channels": Layer((1, 1, 5), 3),
    "one position, 3x3": Layer((3, 3, 3), 6, (3, 3)),
    "one position, padded, few channels": Layer((2, 2, 3), 2, (3, 3), (3, 3), same=True),
    "one position, padded": Layer((2, 2, 3), 5, (3, 3), (3, 3), same=True),
    "windows two apart": Layer((9, 16, 1), 5, (3, 8), (2, 2), same=True),
    "windows two apart, two channels": Layer((5, 12, 2), 3, (2, 4), (1, 1), (2, 1), same=True),
    "windows two apart, large weights": Layer((6, 16, 1), 6, (2, 4), (1, 2), weights="extreme", same=True),
    "windows two apart, in groups": Layer((12, 40, 1), 4, (10, 8), (2, 2), same=True),
    "large windows, few channels": Layer((11, 24, 1), 9, (9, 8), (2, 2), same=True),
    "window larger than x": Layer((2, 3, 2), 4, (5, 5), same=True),
    "extreme weights": Layer((4, 4, 9), 6, weights="extreme"),
    "weights of 127": Layer((4, 4, 40), 4, weights="highest"),
    "weights of -128": Layer((4, 4, 9), 6, weights="lowest"),
    "weights of -128 among others": Layer((4, 4, 9), 6, (2, 2), weights="foreign", same=True),
    "one position, weights of -128": Layer((1, 1, 10), 6, weights="foreign"),
    "deep": Layer((1, 3, 600), 2, weights="extreme"),
    "left shift": Layer((3, 3, 4), 5, real=3.7),
    "half": Layer((3, 3, 4), 5, real=0.7),
    "some shifts left": Layer((3, 3, 4), 6, real=0.51, weights="extreme"),
    "large right shift": Layer((3, 3, 4), 5, real=3e-6, bias=2**24),
    "nothing but the zero point": Layer((3, 3, 4), 5, real=1e-11),
    "large bias": Layer((3, 3, 4), 5, (2, 2), real=1e-7, bias=2**30 - 2**20),
    "bias near the end": Layer((3, 3, 4), 5, (2, 2), real=1e-7, bias=2**31 - 2**22),
    "relu": Layer((4, 5, 6), 8, activation="RELU"),
    "relu6": Layer((4, 5, 6), 8, (2, 2), activation="RELU6"),
    "per tensor": Layer((4, 5, 6), 8, per_channel=False),
    "full": Layer((1, 1, 33), 10, None),
    "full, per tensor": Layer((1, 1, 33), 10, None, per_channel=False),
    **{f"full, {n} outputs": Layer((1, 1, 30 + n), n, None, per_channel=n % 2 == 0) for n in (4, 7, 13)},
    **{f"full, {n} values": Layer((1, 1, n), 12, None, weights="extreme") for n in (256, 514)},
    "full, flattened": Layer((3, 4, 5), 6, None, per_channel=False, activation="RELU6"),
    "full, one value": Layer((1, 1, 1), 16, None, per_channel=False),
    "full, one output": Layer((1, 1, 21), 1, None, per_channel=False),
    "full, deep": Layer((1, 1, 700), 5, None, weights="extreme", per_channel=False),
    "full, weights of -128": Layer((1, 1, 18), 5, None, weights="foreign", per_channel=False),
    "full, weights of -128, per channel": Layer((1, 1, 18), 5, None, weights="foreign"),
    "full, left shift": Layer((1, 1, 9), 5, None, real=2.5, per_channel=False),
}
"""Inputs and outputs of each fit what interpreters compute without overflow."""


def cases() -> list[op_cases.Case]:
    return [layer.case(seed) for layer in LAYERS.values() for seed in (0, 1)]


def names() -> list[str]:
    return [name for name in LAYERS for _ in (0, 1)]


@pytest.mark.parametrize("core", ["host", "cortex-m0+"])
@pytest.mark.parametrize("flags", [["-O2"], ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]])
def test_portable_c_is_the_reference(tmp_path, flags, core):
    plans = [plan(c.graph, target(core)) for c in cases()]
    files = {name: text for i, p in enumerate(plans) for name, text in emit(p, f"m{i}").items()}
    library = build(files, tmp_path, flags=flags)
    for i, (name, case, made) in enumerate(zip(names(), cases(), plans, strict=True)):
        found = Native(library, made, f"m{i}").run(case.inputs)[0]
        np.testing.assert_array_equal(found, run_reference(case.graph, case.inputs)["y"], err_msg=name)


@pytest.mark.parametrize("name", BOARDS)
def test_c_on_the_core_is_the_reference(name):
    board = open_board(name)
    core = target(board.target)
    for program in (core.compiler, emulator.program(board)):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    whole = together([renamed(c, f"{i} {n}: ") for i, (n, c) in enumerate(zip(names(), cases(), strict=True))])
    found = measure(emit(plan(whole.graph, core)), whole.graph, board, [whole.inputs])
    values = run_reference(whole.graph, whole.inputs)
    for output, answer in zip(whole.graph.outputs, found.report.answers(whole.graph)[0], strict=True):
        np.testing.assert_array_equal(answer, values[output], err_msg=f"{name}, {output}")


def test_every_variant_is_among_the_layers():
    """What the cases above reach, for each instruction set."""
    reached = {
        core: {plan(c.graph, target(core)).steps[0].kernel.function for c in cases()}
        for core in ("cortex-m0+", "cortex-m3", "cortex-m4")
    }
    assert {"nh_conv_pairs_s8", "nh_conv_flat_pairs_s8", "nh_conv_shared_s8"} <= reached["cortex-m0+"]
    for name in ("s8", "flat_s8", "row_s8", "flat_row_s8", "flat_few_s8", "few_s8", "rows_s8", "any_s8", "flat_any_s8"):
        assert f"nh_conv_{name}" in reached["cortex-m3"]
    for name in ("s8_dsp", "flat_s8_dsp", "row_s8_dsp", "flat_row_s8_dsp", "bytes_s8_dsp", "flat_bytes_s8_dsp"):
        assert f"nh_conv_{name}" in reached["cortex-m4"]
    for name in ("s8_dsp", "uniform_s8_dsp", "few_s8_dsp", "bytes_s8_dsp", "uniform_bytes_s8_dsp", "any_s8"):
        assert f"nh_fully_connected_{name}" in reached["cortex-m4"]
