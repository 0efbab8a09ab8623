"""Instance normalization per frequency row (FreqIN; Kim et al. 2021, arXiv:2111.06531).

Statistics run over channels and time together. `InstanceNorm2d` is another thing: it takes those of each channel over
frequency and time, and keeps the device's colouring.
"""

from __future__ import annotations

import torch
from torch import nn

EPS = 1e-5


def frequency_norm(x: torch.Tensor, eps: float = EPS) -> torch.Tensor:
    """[B, C, F, T] with mean 0 and deviation 1 in each (example, frequency row).

    Written with operations that int8 has too: a mean, a difference, products, one table.
    """
    centred = x - x.mean((1, 3), keepdim=True)
    variance = (centred * centred).mean((1, 3), keepdim=True)  # [B, 1, F, 1]
    return centred * torch.rsqrt(variance + eps)


class FrequencyNorm(nn.Module):
    """`frequency_norm` as a layer; no parameters, the same in training and use."""

    def __init__(self, eps: float = EPS):
        super().__init__()
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        return frequency_norm(x, self.eps)
