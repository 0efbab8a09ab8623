"""RSQRT: 1 / sqrt(x) of values that are not negative; TFLM makes its int8 results out of Newton's steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch

SHIFT = 20
"""Bits of fraction of the result before its scale is applied (RsqrtEvalQuantized)."""


@dataclass(frozen=True)
class Rsqrt(Table):
    """At zero the largest int8. Below zero interpreters stop with an error; the largest int8 stands there too."""

    builtins: ClassVar[tuple[str, ...]] = ("RSQRT",)
    version: ClassVar[int] = 2

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        value = x - source.q.zero_point
        multiplier, shift = fp.quantize_multiplier(1.0 / (math.sqrt(source.q.scale) * output.q.scale))
        data = np.array([_one_over_root(int(v)) if v > 0 else 0 for v in value.ravel()], np.int64)
        y = fp.multiply(data, multiplier, shift - SHIFT) + output.q.zero_point
        return np.where(value > 0, np.clip(y, -128, 127).reshape(x.shape), 127)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        # A variance that int8 rounds to nothing still has a finite answer.
        return values[0].clamp_min(1e-9).rsqrt()


def _one_over_root(value: int) -> int:
    """2**SHIFT / sqrt(value), as the kernels have it."""
    multiplier, shift = fp.inverse_root_multiplier(value)
    return int(fp.multiply(np.array(1), multiplier, shift + SHIFT))
