"""FULLY_CONNECTED: x of any shape, flattened to [B, I] by the kernel; weights [O, I], bias [O] -> [B, O].

One scale for all weights: kernels on devices in the field take no scale per channel here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.ops import Op, activate, activation_code, activation_name, clamp
from converters.ops.fully_connected.layer import Layer
from converters.ops.fully_connected.variants import choose

if TYPE_CHECKING:
    import torch

    from converters.kernel import Kernel
    from converters.target import Target


@dataclass(frozen=True)
class FullyConnected(Op):
    builtins: ClassVar[tuple[str, ...]] = ("FULLY_CONNECTED",)
    options: ClassVar[str] = "FullyConnectedOptions"
    arity: ClassVar[tuple[int, int]] = (2, 3)
    version: ClassVar[int] = 4
    activation: str = "NONE"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        size, (out, depth) = int(np.prod(inputs[0].shape)), inputs[1].shape
        if size % depth:
            raise ConvertError(f"{inputs[1].name}: takes rows of {depth} values, {inputs[0].name} has {size}")
        return size // depth, out

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        w, qx, qw = values[1].astype(np.int64), inputs[0].q, inputs[1].q
        x = values[0].astype(np.int64).reshape(-1, w.shape[1]) - qx.zero_point
        acc = x @ (w - qw.zero_point).T
        if len(values) > 2:
            acc = acc + values[2]
        multiplier, shift = fp.quantize_multipliers(self.reals(inputs, output))
        return clamp(fp.multiply(acc, multiplier, shift), self.activation, output)

    def reals(self, inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        """x.scale * w.scale / y.scale [O] as the kernel computes them."""
        qx, qw = inputs[0].q, inputs[1].q
        scales = np.broadcast_to(np.array(qw.scales, np.float32), inputs[1].shape[:1])
        if qw.per_channel:
            return np.float64(qx.scale) * scales.astype(np.float64) / output.q.scale
        # The kernel multiplies these two in float32 (GetQuantizedConvolutionMultipler).
        return (np.float32(qx.scale) * scales).astype(np.float64) / output.q.scale

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return choose(Layer(self.activation, self.reals(inputs, outputs[0]), inputs, outputs[0], target))

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        x, w, *bias = values
        return activate(torch.nn.functional.linear(x.reshape(-1, w.shape[1]), w, *bias), self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape)) * inputs[1].shape[1]

    def time_window(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        x = inputs[0].shape
        return (x[TIME] if len(x) == 4 else 1), 1

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if options.keepNumDims and len(output.shape) != 2:
            raise ConvertError(f"{output.name}: FULLY_CONNECTED with keep_num_dims is not supported; flatten first")
        return cls(activation_name(schema, options.fusedActivationFunction)), len(inputs)
