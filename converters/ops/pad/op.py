"""PAD with real zero."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.ops import Op

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Pad(Op):
    builtins: ClassVar[tuple[str, ...]] = ("PAD",)
    options: ClassVar[str] = "PadOptions"
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    paddings: tuple[tuple[int, int], ...] = ()
    """Before and after, for each axis."""

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(n + a + b for n, (a, b) in zip(inputs[0].shape, self.paddings, strict=True))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return np.pad(values[0], self.paddings, constant_values=output.q.zero_point)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.nn.functional.pad(values[0], [n for pair in reversed(self.paddings) for n in pair])

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        after = self.paddings[TIME][1]
        if after > 0:
            raise ConvertError(f"{name}: pads {after} frames after the newest; pad in time on the left only")
        rest = (*self.paddings[:TIME], (0, 0), *self.paddings[TIME + 1 :])
        return dataclasses.replace(self, paddings=rest) if any(map(any, rest)) else None

    def constants(self) -> list[np.ndarray]:
        return [np.array(self.paddings, np.int32)]

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(tuple((int(a), int(b)) for a, b in inputs[1].values.reshape(-1, 2))), 1
