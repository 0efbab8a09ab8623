"""CONV_2D: x [B, T, F, I], weights [O, kT, kF, I], bias [O]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op, activate, activation_name, clamp
from converters.ops.conv.layer import Layer
from converters.ops.conv.variants import choose
from converters.ops.window import Windowed

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Conv(Windowed):
    builtins: ClassVar[tuple[str, ...]] = ("CONV_2D",)
    options: ClassVar[str] = "Conv2DOptions"
    arity: ClassVar[tuple[int, int]] = (2, 3)
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
        return choose(Layer(self, inputs, outputs[0], target))

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
