"""PADV2: PAD with a value of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.ops import LEFT_OUT, Op
from converters.ops.pad.op import Pad

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PadV2(Pad):
    builtins: ClassVar[tuple[str, ...]] = ("PADV2",)
    options: ClassVar[str] = "PadV2Options"
    any_dtype: ClassVar[bool] = True
    value: Tensor = LEFT_OUT
    """One value, in the output's quantization."""

    def fill(self, output: Tensor) -> int:
        return int(self.value.values.item())

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        q = self.value.q
        real = (int(self.value.values.item()) - q.zero_point) * q.scale
        pads = [n for pair in reversed(self.paddings) for n in pair]
        return torch.nn.functional.pad(values[0], pads, value=real)

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.paddings, np.int32), self.value]

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        x, paddings, value = inputs
        if value.values.size != 1 or value.dtype != x.dtype:
            raise ConvertError(f"{output.name}: PADV2 with {value.values.size} values of {value.dtype}; it takes one")
        return cls(tuple((int(a), int(b)) for a, b in paddings.values.reshape(-1, 2)), value), 1
