"""Instance normalization per frequency row (FreqIN; Kim et al. 2021, arXiv:2111.06531).

Statistics run over channels and time together. `InstanceNorm2d` is another thing: it takes those of each channel over
frequency and time, and keeps the device's colouring.
"""

from __future__ import annotations

import torch
from torch import nn

EPS = 1e-5
DEVIATIONS = ("standard", "absolute")
"""The published one, and the mean absolute deviation, which int8 holds far better: squares of int8 need the range of
the largest and round the small ones to nothing, absolute values are int8 again."""


def normalized(x: torch.Tensor, axes: tuple[int, ...], eps: float, deviation: str) -> torch.Tensor:
    """[B, C, F, T] with mean 0 and deviation 1 over the axes; written with operations that int8 has too."""
    centred = x - x.mean(axes, keepdim=True)
    if deviation == "absolute":
        root = torch.rsqrt(centred.abs().mean(axes, keepdim=True) + eps)
        return centred * root * root  # two small steps: the reciprocal itself has too wide a range for int8
    return centred * torch.rsqrt((centred * centred).mean(axes, keepdim=True) + eps)


def frequency_norm(x: torch.Tensor, eps: float = EPS, deviation: str = "standard") -> torch.Tensor:
    """[B, C, F, T] with mean 0 and deviation 1 in each (example, frequency row)."""
    return normalized(x, (1, 3), eps, deviation)


class FrequencyNorm(nn.Module):
    """`frequency_norm` as a layer; no parameters, the same in training and use."""

    def __init__(self, eps: float = EPS, deviation: str = "standard"):
        super().__init__()
        self.eps, self.deviation = eps, deviation

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        return frequency_norm(x, self.eps, self.deviation)
