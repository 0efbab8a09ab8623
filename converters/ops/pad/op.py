"""PAD: with real zero; PADV2: with a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op
from converters.ops.box import Box, Loop, itemsize, steps

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Pad(Op):
    builtins: ClassVar[tuple[str, ...]] = ("PAD",)
    options: ClassVar[str] = "PadOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    paddings: tuple[tuple[int, int], ...] = ()
    """Before and after, for each axis."""

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(n + a + b for n, (a, b) in zip(inputs[0].shape, self.paddings, strict=True))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return np.pad(values[0], self.paddings, constant_values=self.fill(output))

    def fill(self, output: Tensor) -> int:
        """The integer that stands around; TFLM's wider types have no zero point."""
        return output.quantization.zero_point if output.dtype == "int8" and output.quantization else 0

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        item, outs = itemsize(y), steps(y.shape, itemsize(y))
        loops = map(Loop, x.shape, steps(x.shape, item), outs)
        box = Box.of(loops, item, y_first=sum(b * o for (b, _), o in zip(self.paddings, outs, strict=True)))
        fields: dict[str, Field] = {f"box.{k}": v for k, v in box.fields(y.name).items()}
        value = np.array(self.fill(y), y.dtype).tobytes()
        fields |= {"bytes": int(np.prod(y.shape)) * item, "width": 1 if len({*value}) == 1 else item}
        fields["value"] = tuple(value.ljust(4, b"\0"))
        return Kernel("nh_pad", "pad/op.c", "nh_pad_t", fields)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.nn.functional.pad(values[0], [n for pair in reversed(self.paddings) for n in pair])

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        after = self.paddings[TIME][1]
        if after > 0:
            raise ConvertError(f"{name}: pads {after} frames after the newest; pad in time on the left only")
        rest = (*self.paddings[:TIME], (0, 0), *self.paddings[TIME + 1 :])
        return dataclasses.replace(self, paddings=rest) if any(map(any, rest)) else None

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.paddings, np.int32)]

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(tuple((int(a), int(b)) for a, b in inputs[1].values.reshape(-1, 2))), 1
