"""A random graph of one operator: its quantizations, weights and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops import ACTIVATIONS, Op

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    graph: Graph
    inputs: list[np.ndarray]


class Draw:
    """Random quantizations, activations and weights."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.far = False
        """Scales far apart, zero points at the ends."""

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def quantization(self) -> Quantization:
        if self.far:
            return Quantization.of(10 ** float(self.rng.uniform(-3, 0)), (-128, 127)[self.whole(0, 1)])
        return Quantization.of(float(self.rng.uniform(0.005, 0.2)), self.whole(-128, 127))

    def extreme(self) -> Draw:
        """Itself, with extreme quantizations in late seeds."""
        self.far = self.seed >= 8
        return self

    def shape(self) -> Shape:
        return 1, self.whole(4, 9), self.whole(4, 9), self.whole(1, 9)

    def activation(self) -> str:
        return ACTIVATIONS[self.seed % 4]

    def dtype(self, *others: str) -> str:
        """What operators that only move values may have, as far as TFLM lets them."""
        kinds = ("int8", *(others or ("int16", "int8", "int32")))
        return kinds[self.seed % len(kinds)]

    def values(self, shape: Shape, dtype: str = "int8") -> np.ndarray:
        if dtype == "float32":
            return self.rng.normal(0, 2, shape).astype(np.float32)
        if dtype == "uint8":
            return self.rng.integers(0, 256, shape).astype(np.uint8)
        # The float form holds integers of up to 24 bits.
        limit = min(np.iinfo(dtype).max + 1, 1 << 22)
        return self.rng.integers(-limit, limit, shape).astype(dtype)

    def like(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Other values of the same shapes and types."""
        return [self.values(x.shape, str(x.dtype)) for x in inputs]

    def weights(self, shape: Shape, axis: int, channels: int) -> Tensor:
        scales = tuple(float(np.float32(s)) for s in self.rng.uniform(0.001, 0.02, channels))
        q = Quantization(scales, (0,) * channels, axis if channels > 1 else 0)
        return Tensor.constant("w", self.rng.integers(-127, 128, shape).astype(np.int8), q)

    def bias(self, channels: int) -> Tensor:
        return Tensor.constant("b", self.rng.integers(-5000, 5000, channels).astype(np.int32))

    def scaled(self, constant: Tensor, x: Quantization, weights: Tensor) -> Tensor:
        """A bias on the accumulator's scale, as interpreters demand."""
        if constant.dtype != "int32":
            return constant
        scales = tuple(float(np.float32(x.scale) * np.float32(s)) for s in weights.q.scales)
        q = Quantization(scales, (0,) * len(scales))
        return Tensor.constant(constant.name, constant.values, q)

    def case(
        self, op: Op, *inputs: Shape, constants: tuple[Tensor, ...] = (), same: bool = False, dtype: str = "int8"
    ) -> Case:
        """A graph of one node, ``same``: inputs of one quantization."""
        first = self.quantization()
        first = first if dtype == "int8" else Quantization.of(first.scale)
        acts = [
            Tensor(f"x{i}", s, dtype, first if same or i == 0 else self.quantization()) for i, s in enumerate(inputs)
        ]
        args = [*acts, *(self.scaled(c, first, constants[0]) for c in constants)]
        q = first if op.keeps_scale else op.fixed_output or self.quantization()
        outs = [Tensor(f"y{i or ''}", shape, dtype, q) for i, shape in enumerate(op.shapes(args))]
        names = tuple(t.name for t in outs)
        node = Node(op, tuple(t.name for t in args), names)
        graph = Graph(tuple(a.name for a in acts), names, (node,), {t.name: t for t in [*args, *outs]})
        return Case(graph, [self.values(s, dtype) for s in inputs])

    def of(self, op: Op, *inputs: Tensor, y: Tensor) -> Case:
        """A graph of one node over the tensors as they are; inputs with data are constants."""
        acts = [t for t in inputs if not t.is_constant]
        node = Node(op, tuple(t.name for t in inputs), ("y",))
        graph = Graph(tuple(t.name for t in acts), ("y",), (node,), {t.name: t for t in (*inputs, y)})
        return Case(graph, [self.values(t.shape, t.dtype) for t in acts])

    def tensor(self, name: str, shape: Shape, dtype: str = "int8") -> Tensor:
        if dtype == "float32":
            return Tensor(name, shape, dtype)
        q = self.quantization()
        zero = {"int8": q.zero_point, "uint8": q.zero_point + 128, "int16": 0}[dtype]
        return Tensor(name, shape, dtype, Quantization.of(q.scale, zero))
