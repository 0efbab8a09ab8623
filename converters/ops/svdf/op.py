"""SVDF: each filter looks at the input, and its last ``memory`` values are weighted over time.

x [B, I], weights over features [filters, I], over time [filters, memory], bias [units], state [B, filters * memory];
filters = rank * units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import LEFT_OUT, Op, activation_code, activation_name

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class Svdf(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SVDF",)
    options: ClassVar[str] = "SVDFOptions"
    version: ClassVar[int] = 3
    any_dtype: ClassVar[bool] = True
    variable_inputs: ClassVar[tuple[int, ...]] = (4,)
    rank: int = 1
    activation: str = "NONE"
    """Interpreters of int8 do not apply it: the output's range does."""

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        x, feature, time, bias, state = inputs
        filters, memory = time.shape
        fits = feature.shape == (filters, x.shape[1]) and filters % self.rank == 0
        if not fits or state.shape != (x.shape[0], filters * memory) or bias.shape != (filters // self.rank,):
            raise ConvertError(f"{x.name}: SVDF of rank {self.rank} with {filters} filters of other shapes")
        return (x.shape[0], filters // self.rank), state.shape

    def _multipliers(self, inputs: Sequence[Tensor], y: Tensor) -> tuple[int, int, int, int]:
        """Of the features and of the output, in the file's float32."""
        x, feature, time, _, state = (np.float32(t.quantization.scale if t.quantization else 0) for t in inputs)
        first = fp.quantize_multiplier(float(x * feature / state))
        return *first, *fp.quantize_multiplier(float(state * time / np.float32(y.q.scale)))

    def references(
        self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[np.ndarray]:
        x, feature, time, bias, state = values
        batch, (filters, memory), zero = len(x), time.shape, inputs[4].q.zero_point
        m_x, s_x, m_y, s_y = self._multipliers(inputs, outputs[0])
        dots = (x.astype(np.int64) - inputs[0].q.zero_point) @ feature.T.astype(np.int64)
        limits = np.iinfo(state.dtype)
        # TFLM adds the zero point after it saturates: an int8 state can wrap.
        newest = (np.clip(fp.multiply(dots, m_x, s_x), limits.min, limits.max) + zero).astype(state.dtype)
        rows = np.concatenate([state.reshape(batch, filters, memory)[:, :, 1:], newest[:, :, None]], 2)
        seen = ((rows.astype(np.int64) - zero) * time).sum(2).reshape(batch, -1, self.rank).sum(2) + bias
        y = fp.multiply(seen.astype(np.int32), m_y, s_y) + outputs[0].q.zero_point
        return [np.clip(y, -128, 127).astype(np.int8), rows.reshape(batch, -1).astype(state.dtype)]

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return inputs[0].shape[0] * (int(np.prod(inputs[1].shape)) + int(np.prod(inputs[2].shape)))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, feature, time, bias, state = inputs
        fields: dict[str, Field] = {"batch": x.shape[0], "features": x.shape[1], "memory": time.shape[1]}
        fields |= {"units": bias.shape[0], "rank": self.rank}
        fields |= {"x_zero": x.q.zero_point, "state_zero": state.q.zero_point, "y_zero": outputs[0].q.zero_point}
        m_x, s_x, m_y, s_y = self._multipliers(inputs, outputs[0])
        fields |= {"x_multiplier": m_x, "x_shift": s_x, "y_multiplier": m_y, "y_shift": s_y}
        width = {"int8": "s8", "int16": "s16"}[state.dtype]
        fields |= {"weights": feature.values, f"time_{width}": time.values, "bias": bias.values}
        return Kernel(f"nh_svdf_{width}", "svdf/op.c", "nh_svdf_t", fields, updates=((1, 1),))

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.rank, options.fusedActivationFunction = self.rank, activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if len(inputs) != 5 or LEFT_OUT in inputs or options.rank < 1:
            raise ConvertError(f"{output.name}: SVDF of rank {options.rank} with {len(inputs)} inputs; TFLM has five")
        dtypes = inputs[2].dtype, inputs[4].dtype
        if output.dtype != "int8" or dtypes not in (("int8", "int8"), ("int16", "int16")):
            raise ConvertError(f"{output.name}: SVDF with {dtypes[0]} weights over time and a state of {dtypes[1]}")
        return cls(options.rank, activation_name(schema, options.fusedActivationFunction)), 5
