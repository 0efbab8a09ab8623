"""HARD_SWISH: x * clamp(x + 3, 0, 6) / 6, in 16-bit arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Tensor
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class HardSwish(Table):
    builtins: ClassVar[tuple[str, ...]] = ("HARD_SWISH",)
    options: ClassVar[str] = "HardSwishOptions"

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        hires_scale = np.float32(1.0 / 128.0) * np.float32(source.q.scale)
        out_multiplier, out_shift = _multiplier16(float(hires_scale / np.float32(output.q.scale)))
        if out_shift > 0:
            raise ConvertError(
                f"{output.name}: scale {output.q.scale:g} is below 1/128 of the input's; TFLM refuses such a HARD_SWISH"
            )
        relu_multiplier, relu_shift = _multiplier16(float(hires_scale / np.float32(3.0 / 32768.0)))
        x = (x - source.q.zero_point) << 7
        gate = _gate(x, relu_multiplier, relu_shift)
        y = _towards_zero(gate * _high_mul16(x, out_multiplier), 15)
        y = fp.divide_by_pot(y, -out_shift) + output.q.zero_point
        return np.clip(y, -128, 127)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.nn.functional.hardswish(values[0])

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape))


def _gate(x: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """clamp(x + 3, 0, 6) / 6 in Q0.15."""
    if shift > 0:
        x = np.clip(x << (shift - 1), -32768, 32767)
    x = _high_mul16(x, multiplier)
    x = np.clip(x << 1, -32768, 32767) if shift > 0 else fp.divide_by_pot(x, -shift)
    return (x + (1 << 15)) >> 1


def _multiplier16(real: float) -> tuple[int, int]:
    multiplier, shift = fp.quantize_multiplier(real)
    return min((multiplier + (1 << 15)) >> 16, 32767), shift


def _high_mul16(a: np.ndarray, b: int) -> np.ndarray:
    product = a * b
    return _towards_zero(product + np.where(product >= 0, 1 << 14, 1 - (1 << 14)), 15)


def _towards_zero(x: np.ndarray, bits: int) -> np.ndarray:
    return np.where(x >= 0, x >> bits, -((-x) >> bits))
