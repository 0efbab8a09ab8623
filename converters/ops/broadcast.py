"""What operators on two tensors share: broadcasting, and operands that are constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op, activation_code, activation_name
from converters.ops.table import table_kernel

if TYPE_CHECKING:
    from converters.target import Target

OUTER = 4
"""Loops around the innermost run."""
EVERY = np.arange(-128, 128).astype(np.int8)


@dataclass(frozen=True)
class Operands:
    """The two inputs of a call in the order its kernel has them: a constant is the second."""

    tensors: tuple[Tensor, Tensor]
    swapped: bool
    """The first tensor is the operator's second input."""

    @property
    def constant(self) -> bool:
        return self.tensors[1].is_constant

    @property
    def in_place(self) -> tuple[int, ...]:
        """Inputs that are as large as the output: those which are not repeated."""
        size = int(np.prod(np.broadcast_shapes(*(t.shape for t in self.tensors))))
        return tuple(i for i, t in enumerate(self.tensors) if not t.is_constant and int(np.prod(t.shape)) == size)

    @property
    def fields(self) -> dict[str, Field]:
        """``walk`` and ``constant`` of the kernel's parameters."""
        a, b = self.tensors
        constant: Field = b.values.astype(np.int8) if b.is_constant else 0
        return {**walk(a.shape, b.shape), "constant": constant}

    def function(self, name: str) -> str:
        return f"nh_{name}_constant_s8" if self.constant else f"nh_{name}_s8"


@dataclass(frozen=True)
class Broadcast(Op):
    """An element-wise operator of two inputs."""

    arity: ClassVar[tuple[int, int]] = (2, 2)

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(int(n) for n in np.broadcast_shapes(inputs[0].shape, inputs[1].shape))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        y = outputs[0]
        if any(t.dtype != "int8" for t in (*inputs, y)):
            raise ConvertError(f"{y.name}: {self.builtin} has a C kernel for int8 only, not for {y.dtype}")
        if all(t.is_constant for t in inputs):
            raise ConvertError(f"{y.name}: {self.builtin} of two constants; replace it by its result in the model")
        operands = _operands(inputs)
        a, b = operands.tensors
        if b.is_constant and b.values.size == 1:
            entries = self.reference(_ordered(_bytes(), b.values.reshape(()), operands), inputs, y)
            return table_kernel(entries, a, y, target)
        return self.pair_kernel(operands, inputs, y, target)

    def pair_kernel(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor, target: Target) -> Kernel:
        raise NotImplementedError

    def pairs(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """The values that the second operand may have [n], and the result for each pair [256, n]."""
        b = operands.tensors[1]
        values = np.unique(b.values).astype(np.int8) if b.is_constant else EVERY
        return values, self.reference(_ordered(EVERY[:, None], values[None], operands), inputs, y)


@dataclass(frozen=True)
class Activated(Broadcast):
    """With a fused activation."""

    activation: str = "NONE"

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = getattr(schema, self.options + "T")()
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        return cls(activation_name(schema, options.fusedActivationFunction if options else 0)), len(inputs)


def _bytes() -> np.ndarray:
    return np.arange(256).astype(np.uint8).view(np.int8)


def _operands(inputs: Sequence[Tensor]) -> Operands:
    a, b = inputs
    return Operands((b, a), True) if a.is_constant else Operands((a, b), False)


def _ordered(first: np.ndarray, second: np.ndarray, operands: Operands) -> list[np.ndarray]:
    return [second, first] if operands.swapped else [first, second]


def walk(a: Shape, b: Shape) -> Mapping[str, Field]:
    """Members of ``nh_walk_t``: an innermost run of n values and the loops around it, outermost first.

    Neighbouring axes on which the same operands advance are one loop; a step is 0 where an operand stays.
    """
    rank = max(len(a), len(b))
    shapes = [(1,) * (rank - len(s)) + tuple(s) for s in (a, b)]
    runs: list[tuple[int, tuple[int, int]]] = []
    for sizes in zip(*shapes, strict=True):
        n = max(sizes)
        moves = (int(sizes[0] == n), int(sizes[1] == n))
        if runs and n > 1 and runs[-1][1] == moves:
            runs[-1] = runs[-1][0] * n, moves
        elif n > 1:
            runs.append((n, moves))
    n, steps = runs.pop() if runs else (1, (1, 1))
    if len(runs) > OUTER:
        raise ConvertError(f"broadcasting {list(a)} with {list(b)} needs {len(runs) + 1} loops; there are {OUTER + 1}")
    runs = [(1, (0, 0))] * (OUTER - len(runs)) + runs
    strides = [_strides([*(r[1][i] * r[0] for r in runs), steps[i] * n]) for i in (0, 1)]
    outer = {"outer": tuple(r[0] for r in runs), "a_outer": strides[0], "b_outer": strides[1]}
    return {"walk.n": n, "walk.a_step": steps[0], "walk.b_step": steps[1], **{f"walk.{k}": v for k, v in outer.items()}}


def _strides(sizes: list[int]) -> tuple[int, ...]:
    """Bytes from one value of each loop's index to the next; the last size is that of the innermost run."""
    strides: list[int] = []
    step = max(sizes[-1], 1)
    for size in reversed(sizes[:-1]):
        strides.insert(0, step if size else 0)
        step *= max(size, 1)
    return tuple(strides)
