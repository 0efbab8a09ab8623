"""Sub-spectral normalization (Chang et al. 2021), as BC-ResNet uses it."""

from __future__ import annotations

import torch
from torch import nn


class SubSpectralNorm(nn.Module):
    """Batch normalization with its own statistics and affine for each of S bands of the frequency axis."""

    def __init__(self, channels: int, bands: int = 5):
        super().__init__()
        self.bands = bands
        self.bn = nn.BatchNorm2d(channels * bands)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        b, c, f, t = x.shape
        if f % self.bands:
            raise ValueError(f"SubSpectralNorm: {f} frequency rows do not divide into {self.bands} bands")
        return self.bn(x.reshape(b, c * self.bands, f // self.bands, t)).reshape(b, c, f, t)
