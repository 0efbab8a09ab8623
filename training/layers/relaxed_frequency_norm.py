"""Relaxed instance frequency-wise normalization (RFN; Kim et al. 2022)."""

from __future__ import annotations

import torch
from torch import nn

from training.layers.frequency_norm import EPS, frequency_norm, normalized


def layer_norm(x: torch.Tensor, eps: float = EPS, deviation: str = "standard") -> torch.Tensor:
    """[B, C, F, T] with mean 0 and deviation 1 in each example; no affine."""
    return normalized(x, (1, 2, 3), eps, deviation)


class RelaxedFrequencyNorm(nn.Module):
    """share * LN(x) + (1 - share) * FreqIN(x): the layer norm keeps how loud the rows are to each other."""

    def __init__(self, eps: float = EPS, deviation: str = "standard", share: float = 0.5):
        super().__init__()
        self.eps, self.deviation, self.share = eps, deviation, share

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        whole = layer_norm(x, self.eps, self.deviation)
        return self.share * whole + (1 - self.share) * frequency_norm(x, self.eps, self.deviation)
