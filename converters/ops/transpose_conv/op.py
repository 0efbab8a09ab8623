"""TRANSPOSE_CONV: weights [O, kT, kF, I], x [B, T, F, I], bias [O]; every x adds its weights around stride * t."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op, activation_code, activation_limits, activation_name
from converters.ops.conv.op import requantize

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class TransposeConv(Op):
    builtins: ClassVar[tuple[str, ...]] = ("TRANSPOSE_CONV",)
    options: ClassVar[str] = "TransposeConvOptions"
    arity: ClassVar[tuple[int, int]] = (2, 3)
    version: ClassVar[int] = 4
    to: Shape = ()
    """Shape of the output: with a stride, several fit the same input."""
    stride: tuple[int, int] = (1, 1)
    same: bool = False
    """As a SAME convolution of the output would be padded; otherwise VALID."""
    activation: str = "NONE"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        w, x = inputs[:2]
        if len(x.shape) != 4 or (self.to[0], self.to[3]) != (x.shape[0], w.shape[0]) or w.shape[3] != x.shape[3]:
            raise ConvertError(f"{x.name}: {list(x.shape)} and weights {list(w.shape)} do not make {list(self.to)}")
        return self.to

    def pads(self, weights: Tensor) -> tuple[int, int]:
        """Rows and columns before the output that are computed in vain (ComputePaddingHeightWidth)."""
        if not self.same:
            return 0, 0
        axes = zip(self.to[1:3], self.stride, weights.shape[1:3], strict=True)
        t, f = (max(0, (-(-n // s) - 1) * s + k - n) // 2 for n, s, k in axes)
        return t, f

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        w, x = inputs[:2]
        (b, t, f, _), (k_t, k_f), (s_t, s_f) = x.shape, w.shape[1:3], self.stride
        (pad_t, pad_f), (_, y_t, y_f, y_c) = self.pads(w), self.to
        all_t, all_f = max((t - 1) * s_t + k_t, pad_t + y_t), max((f - 1) * s_f + k_f, pad_f + y_f)
        acc = np.zeros((b, all_t, all_f, y_c), np.int64)
        centred = values[1].astype(np.int64) - x.q.zero_point
        for i in range(k_t):
            for j in range(k_f):
                acc[:, i : i + t * s_t : s_t, j : j + f * s_f : s_f][:, :t, :f] += centred @ values[0][:, i, j].T
        acc = acc[:, pad_t : pad_t + y_t, pad_f : pad_f + y_f]
        return requantize(acc, [values[1], values[0], *values[2:]], [x, w, *inputs[2:]], output, self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(inputs[1].shape)) * int(np.prod(inputs[0].shape[:3]))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        w, x, y = inputs[0], inputs[1], outputs[0]
        if x.dtype != "int8":
            raise ConvertError(f"{y.name}: TRANSPOSE_CONV of {x.dtype}; the C kernel has int8")
        scales = np.broadcast_to(np.array(w.q.scales, np.float64), y.shape[3:])
        multiplier, shift = fp.quantize_multipliers(x.q.scale * scales / y.q.scale)
        fields: dict[str, Field] = dict(zip(("batch", "x_t", "x_f", "x_c"), x.shape, strict=True))
        fields |= dict(zip(("y_t", "y_f", "y_c"), y.shape[1:], strict=True))
        fields |= {"k_t": w.shape[1], "k_f": w.shape[2], "stride_t": self.stride[0], "stride_f": self.stride[1]}
        fields["pad_t"], fields["pad_f"] = self.pads(w)
        low, high = activation_limits(self.activation, y.q)
        fields |= {"x_zero": x.q.zero_point, "y_zero": y.q.zero_point, "low": low, "high": high}
        fields["weights"] = w.values
        fields["bias"] = inputs[2].values if len(inputs) > 2 else np.zeros(y.shape[3], np.int32)
        fields |= {"multiplier": multiplier.astype(np.int32), "shift": shift.astype(np.int32)}
        return Kernel("nh_transpose_conv_s8", "transpose_conv/op.c", "nh_transpose_conv_t", fields)

    def leading_constants(self) -> Sequence[np.ndarray]:
        return [np.array(self.to, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.padding = schema.Padding.SAME if self.same else schema.Padding.VALID
        options.strideH, options.strideW = self.stride
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if min(options.strideH, options.strideW) < 1:
            raise ConvertError(f"{output.name}: TRANSPOSE_CONV with stride {options.strideH} x {options.strideW}")
        same = options.padding == schema.Padding.SAME
        activation = activation_name(schema, options.fusedActivationFunction)
        return cls(output.shape, (options.strideH, options.strideW), same, activation), len(inputs) - 1
