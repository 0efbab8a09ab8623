"""What the kernels of FULLY_CONNECTED choose by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from converters.graph import Tensor
from converters.kernel import Field
from converters.ops import activation_limits
from converters.requantize import Requantization, requantization
from converters.target import Target


@dataclass(frozen=True, eq=False)
class Layer:
    """One FULLY_CONNECTED with its tensors, for a target."""

    activation: str
    reals: np.ndarray
    """x.scale * w.scale / y.scale, float64 [O]."""
    inputs: Sequence[Tensor]
    output: Tensor
    target: Target

    @cached_property
    def weights(self) -> np.ndarray:
        """int16 [O, K], their zero point taken off."""
        return self.inputs[1].values.astype(np.int16) - np.int16(self.inputs[1].q.zero_point)

    @property
    def fits_int8(self) -> bool:
        """The weights do without their zero point too."""
        return self.inputs[1].q.zero_point == 0

    @property
    def depth(self) -> int:
        return self.weights.shape[1]

    @property
    def channels(self) -> int:
        return self.weights.shape[0]

    @cached_property
    def requantization(self) -> Requantization:
        bias = self.inputs[2].values if len(self.inputs) > 2 else None
        return requantization(self.weights, bias, self.inputs[0].q, self.reals, self.output.q)

    def fields(self, weights: np.ndarray, channels: np.ndarray, uniform: tuple[int, ...] = ()) -> dict[str, Field]:
        """nh_fully_connected_t; ``uniform``: multiplier, right shift, rounding where channels are only biases."""
        low, high = activation_limits(self.activation, self.output.q)
        rows = int(np.prod(self.inputs[0].shape)) // self.depth
        return {
            **{"rows": rows, "depth": self.depth, "y_c": self.channels, "low": low, "high": high},
            **{"weights": weights, "channels": channels, "per_channel": not uniform, "uniform": uniform or (0, 0, 0)},
        }
