"""Removal of each frequency row's mean: what a linear, time-invariant device adds to a log-mel spectrum."""

from __future__ import annotations

import torch
from torch import nn


class MeanRemoval(nn.Module):
    """x minus its mean over channels and time, per example and frequency row."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        return x - x.mean((1, 3), keepdim=True)  # mean [B, 1, F, 1]
