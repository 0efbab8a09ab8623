"""DEPTHWISE_CONV_2D: x [B, T, F, C], weights [1, kT, kF, C * m], bias [C * m]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.ops import Op, activate, activation_name
from converters.ops.conv.op import requantize
from converters.ops.window import Windowed

if TYPE_CHECKING:
    import torch

    from converters.kernel import Kernel
    from converters.target import Target


@dataclass(frozen=True)
class DepthwiseConv(Windowed):
    builtins: ClassVar[tuple[str, ...]] = ("DEPTHWISE_CONV_2D",)
    options: ClassVar[str] = "DepthwiseConv2DOptions"
    arity: ClassVar[tuple[int, int]] = (2, 3)
    version: ClassVar[int] = 3
    weight_axis: ClassVar[int | None] = 3

    def kernel(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        return inputs[1].shape[1], inputs[1].shape[2]

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels = inputs[1].shape[3]
        if channels % inputs[0].shape[3]:
            raise ConvertError(f"{inputs[1].name}: {channels} filters for {inputs[0].shape[3]} channels")
        return inputs[0].shape[0], *self.spatial(inputs), channels

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x, w = values[0].astype(np.int64), values[1].astype(np.int64)
        windows = self.windows(x - inputs[0].q.zero_point, inputs, 0)  # [B, T, F, kT, kF, C]
        windows = np.repeat(windows, w.shape[3] // x.shape[3], axis=-1)
        acc = np.einsum("btfklc,klc->btfc", windows, w[0])
        return requantize(acc, values, inputs, output, self.activation)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        x, w = values[:2]
        b = values[2] if len(values) > 2 else None
        y = torch.nn.functional.conv2d(
            self.padded(x),
            w.permute(3, 0, 1, 2),
            b,
            stride=self.stride,
            dilation=self.dilation,
            groups=x.shape[3],
        )
        return activate(y.permute(0, 2, 3, 1), self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape)) * int(np.prod(inputs[1].shape[1:3]))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        from converters.ops.depthwise_conv import variants
        from converters.ops.depthwise_conv.layer import Layer

        return variants.kernel(Layer.of(self, inputs, outputs[0], target))

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = self.fill_options(schema, schema.DepthwiseConv2DOptionsT(), inputs)
        options.dilationHFactor, options.dilationWFactor = self.dilation
        options.depthMultiplier = inputs[1].shape[3] // inputs[0].shape[3]
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if options.depthMultiplier * inputs[0].shape[3] != inputs[1].shape[3]:
            raise ConvertError(
                f"{output.name}: {options.depthMultiplier} filters for each of {inputs[0].shape[3]} channels are not "
                f"{inputs[1].shape[3]}; take the file again from its source"
            )
        op = cls(
            stride=(options.strideH, options.strideW),
            dilation=(options.dilationHFactor, options.dilationWFactor),
            activation=activation_name(schema, options.fusedActivationFunction),
        )
        return op.from_options(schema, options, inputs), len(inputs)
