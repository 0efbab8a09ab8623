"""CONV_2D: x [B, T, F, I], weights [O, kT, kF, I], bias [O]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op, activate, activation_limits, activation_name, clamp
from converters.ops.window import Windowed

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Conv(Windowed):
    builtins: ClassVar[tuple[str, ...]] = ("CONV_2D",)
    options: ClassVar[str] = "Conv2DOptions"
    version: ClassVar[int] = 3
    weight_axis: ClassVar[int | None] = 0

    def kernel(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        return inputs[1].shape[1], inputs[1].shape[2]

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape[0], *self.spatial(inputs), inputs[1].shape[0]

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x, w = values[0].astype(np.float64), values[1].astype(np.float64)
        zero = inputs[0].q.zero_point
        windows = self.windows(x - zero, inputs, 0)  # [B, T, F, kT, kF, I]
        b, t, f = windows.shape[:3]
        # Sums of int8 products are exact in float64, whose matrix product is fast.
        acc = windows.reshape(b * t * f, -1) @ w.reshape(len(w), -1).T
        return requantize(acc.reshape(b, t, f, -1), values, inputs, output, self.activation)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        x, w = values[:2]
        b = values[2] if len(values) > 2 else None
        y = torch.nn.functional.conv2d(
            self.padded(x), w.permute(0, 3, 1, 2), b, stride=self.stride, dilation=self.dilation
        )
        return activate(y.permute(0, 2, 3, 1), self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape)) * int(np.prod(inputs[1].shape[1:]))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, w, y = inputs[0], inputs[1], outputs[0]
        bias = inputs[2].values if len(inputs) > 2 else np.zeros(y.shape[3], np.int32)
        scales = np.broadcast_to(np.array(w.q.scales, np.float64), y.shape[3:])
        multiplier, shift = fp.quantize_multipliers(x.q.scale * scales / y.q.scale)
        low, high = activation_limits(self.activation, y.q)
        fields: dict[str, Field] = dict(zip(("x_t", "x_f", "x_c"), x.shape[1:], strict=True))
        fields |= dict(zip(("y_t", "y_f", "y_c"), y.shape[1:], strict=True))
        fields |= {"k_t": w.shape[1], "k_f": w.shape[2], "stride_t": self.stride[0], "stride_f": self.stride[1]}
        fields |= {"dilation_t": self.dilation[0], "dilation_f": self.dilation[1]}
        fields |= {"pad_t": self.pads[0], "pad_f": self.pads[2]}
        fields |= {"x_zero": x.q.zero_point, "y_zero": y.q.zero_point, "low": low, "high": high}
        fields |= {"weights": w.values, "bias": bias}
        fields |= {"multiplier": multiplier.astype(np.int32), "shift": shift.astype(np.int32)}
        return Kernel("nh_conv_s8", "conv/op.c", "nh_conv_t", fields)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = self.fill_options(schema, schema.Conv2DOptionsT(), inputs)
        options.dilationHFactor, options.dilationWFactor = self.dilation
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        op = cls(
            stride=(options.strideH, options.strideW),
            dilation=(options.dilationHFactor, options.dilationWFactor),
            activation=activation_name(schema, options.fusedActivationFunction),
        )
        return op.from_options(schema, options, inputs), len(inputs)


def requantize(
    acc: np.ndarray, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor, activation: str
) -> np.ndarray:
    """Accumulators [..., O] without bias -> int8, one multiplier per channel (ConvPerChannel)."""
    acc = acc.astype(np.int64)
    if len(values) > 2:
        acc = acc + values[2]
    scales = np.broadcast_to(np.array(inputs[1].q.scales, np.float64), acc.shape[-1:])
    multiplier, shift = fp.quantize_multipliers(inputs[0].q.scale * scales / output.q.scale)
    return clamp(fp.multiply(acc, multiplier, shift), activation, output)
