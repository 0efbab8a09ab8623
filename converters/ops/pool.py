"""What poolings share: the size of their windows, their options, their C call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op, activation_limits, activation_name
from converters.ops.window import Windowed


@dataclass(frozen=True)
class Pool(Windowed):
    """Windows over [B, T, F, C]; nothing of the padding counts."""

    options: ClassVar[str] = "Pool2DOptions"
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    size: tuple[int, int] = (1, 1)

    def kernel(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        return self.size

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape[0], *self.spatial(inputs), inputs[0].shape[3]

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if any(self.pads[:2]):
            raise ConvertError(f"{name}: a pooling padded in time cannot stream; remove its padding")
        return self

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = self.fill_options(schema, schema.Pool2DOptionsT(), inputs)
        options.filterHeight, options.filterWidth = self.size
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        op = cls(
            stride=(options.strideH, options.strideW),
            size=(options.filterHeight, options.filterWidth),
            activation=activation_name(schema, options.fusedActivationFunction),
        )
        return op.from_options(schema, options, inputs), len(inputs)

    def call(
        self, name: str, variant: str, inputs: Sequence[Tensor], output: Tensor, more: Mapping[str, Field]
    ) -> Kernel:
        """``nh_<name>_s8`` of ``<name>/op.c``, or ``nh_<name>_<variant>_s8`` of ``<name>/op_<variant>.c``."""
        low, high = activation_limits(self.activation, output.q)
        fields: dict[str, Field] = dict(zip(("x_t", "x_f", "c"), inputs[0].shape[1:], strict=True))
        fields |= dict(zip(("y_t", "y_f"), output.shape[1:3], strict=True))
        fields |= dict(zip(("k_t", "k_f"), self.size, strict=True))
        fields |= dict(zip(("stride_t", "stride_f"), self.stride, strict=True))
        fields |= {"pad_t": self.pads[0], "pad_f": self.pads[2], "low": low, "high": high}
        stem = f"{name}_{variant}" if variant else name
        return Kernel(
            f"nh_{stem}_s8",
            f"{name}/op_{variant}.c" if variant else f"{name}/op.c",
            "nh_pool_t",
            fields | dict(more),
            ring_function=f"nh_{stem}_ring_s8",
            variant=variant,
        )
