"""Squeeze and excitation (Hu et al. 2018) as SINet has it: the last activation is a PReLU, no sigmoid."""

from __future__ import annotations

import torch
from torch import nn

from training.layers.norm_act import activation


class SqueezeExcite(nn.Module):
    """Each channel times what a small dense network makes of all channels' means."""

    def __init__(self, channels: int, divide: int = 1, act: str = "prelu"):
        super().__init__()
        inner = channels // divide
        layers = [nn.Linear(channels, inner), activation(inner, act)]
        if divide > 1:
            layers += [nn.Linear(inner, channels), activation(channels, act)]
        self.dense = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, H, W]
        gain = self.dense(x.mean((2, 3)))  # [B, C]
        return x * gain.unsqueeze(2).unsqueeze(3)
