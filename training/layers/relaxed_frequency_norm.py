"""Relaxed instance frequency-wise normalization (RFN; Kim et al. 2022)."""

from __future__ import annotations

import torch
from torch import nn

from training.layers.frequency_norm import EPS, frequency_norm


def layer_norm(x: torch.Tensor, eps: float = EPS) -> torch.Tensor:
    """[B, C, F, T] with mean 0 and deviation 1 in each example; no affine."""
    centred = x - x.mean((1, 2, 3), keepdim=True)
    variance = (centred * centred).mean((1, 2, 3), keepdim=True)  # [B, 1, 1, 1]
    return centred * torch.rsqrt(variance + eps)


class RelaxedFrequencyNorm(nn.Module):
    """share * LN(x) + (1 - share) * FreqIN(x): the layer norm keeps how loud the rows are to each other."""

    def __init__(self, eps: float = EPS, share: float = 0.5):
        super().__init__()
        self.eps, self.share = eps, share

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        return self.share * layer_norm(x, self.eps) + (1 - self.share) * frequency_norm(x, self.eps)
