"""Residual normalization (Kim et al. 2021, arXiv:2111.06531): FreqIN beside a faint copy of its input."""

from __future__ import annotations

import torch
from torch import nn

from training.layers.frequency_norm import EPS, frequency_norm


class ResidualNorm(nn.Module):
    """share * x + FreqIN(x): forgets the device, keeps a little of the spectrum's static shape."""

    def __init__(self, eps: float = EPS, deviation: str = "standard", share: float = 0.1):
        super().__init__()
        self.eps, self.deviation, self.share = eps, deviation, share

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        return self.share * x + frequency_norm(x, self.eps, self.deviation)
