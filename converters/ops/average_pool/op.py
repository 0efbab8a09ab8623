"""AVERAGE_POOL_2D: means over windows; padding is not counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.ops import activate, activation_limits
from converters.ops.pool import Pool

if TYPE_CHECKING:
    import torch

    from converters.kernel import Kernel
    from converters.target import Target

RECIPROCAL_COUNT = 361
"""Up to so many values a multiplication by ceil(2**24 / count) is the division: for every n <= 128.5 * count the
product fits 32 bits, and n * (ceil(2**24 / count) * count - 2**24) < 2**24."""
WORD_COUNT = 255
"""So many int8 add up within int16."""


@dataclass(frozen=True)
class AveragePool(Pool):
    builtins: ClassVar[tuple[str, ...]] = ("AVERAGE_POOL_2D",)
    rounds_about_q0: ClassVar[bool] = True

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x = values[0].astype(np.int64)
        total = self.windows(x, inputs, 0).sum((3, 4))
        count = self.windows(np.ones_like(x), inputs, 0).sum((3, 4))
        mean = fp.divide_round_away(total, count)
        return np.clip(mean, *activation_limits(self.activation, output.q)).astype(np.int8)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        count = self.size[0] * self.size[1]
        channels = inputs[0].shape[3] if count <= WORD_COUNT else 0
        least = {"mve": 8, "dsp": 4, "portable": 0}
        isa = next(i for i in target.isas if channels >= least[i])
        reciprocal = {"reciprocal": -(-(2**24) // count) if count <= RECIPROCAL_COUNT else 0}
        return self.call("average_pool", "" if isa == "portable" else isa, inputs, outputs[0], reciprocal)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        x = self.padded(values[0])
        # The share of a window that is no padding.
        inside = self.padded(torch.ones_like(values[0][:1, :, :, :1]))
        y, share = (torch.nn.functional.avg_pool2d(v, self.size, self.stride) for v in (x, inside))
        return activate((y / share).permute(0, 2, 3, 1), self.activation)
