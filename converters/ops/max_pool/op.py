"""MAX_POOL_2D: the largest of windows; padding does not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.ops import activate, activation_limits
from converters.ops.pool import Pool

if TYPE_CHECKING:
    import torch

    from converters.kernel import Kernel
    from converters.target import Target


@dataclass(frozen=True)
class MaxPool(Pool):
    builtins: ClassVar[tuple[str, ...]] = ("MAX_POOL_2D",)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        most = self.windows(values[0], inputs, -128).max((3, 4))
        return np.clip(most, *activation_limits(self.activation, output.q)).astype(np.int8)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        least = {"mve": 16, "dsp": 4, "portable": 0}
        isa = next(i for i in target.isas if inputs[0].shape[3] >= least[i])
        return self.call("max_pool", "" if isa == "portable" else isa, inputs, outputs[0], {"reciprocal": 0})

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        t0, t1, f0, f1 = self.pads
        x = torch.nn.functional.pad(values[0].permute(0, 3, 1, 2), (f0, f1, t0, t1), value=-torch.inf)
        y = torch.nn.functional.max_pool2d(x, self.size, self.stride)
        return activate(y.permute(0, 2, 3, 1), self.activation)
