"""What follows and precedes a convolution in SINet: batch normalization and an activation with its own slopes."""

from __future__ import annotations

import torch
from torch import nn

EPS = 1e-3


def norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPS)


def activation(channels: int, kind: str) -> nn.Module:
    """`prelu` with one slope a channel, as published; `relu` costs nothing on a device."""
    if kind == "prelu":
        return nn.PReLU(channels)
    if kind == "relu":
        return nn.ReLU()
    raise ValueError(f"activation {kind!r} is neither 'prelu' nor 'relu'")


class NormAct(nn.Module):
    """[B, C, H, W] normalized, then activated."""

    def __init__(self, channels: int, act: str = "prelu"):
        super().__init__()
        self.bn = norm(channels)
        self.act = activation(channels, act)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.act(self.bn(x))
        return y


class ConvNormAct(nn.Module):
    """A convolution without bias whose padding keeps the size, normalization, activation."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, act: str = "prelu"):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, (kernel - 1) // 2, bias=False)
        self.bn = norm(c_out)
        self.act = activation(c_out, act)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, I, H, W] -> [B, O, H / stride, W / stride]
        y: torch.Tensor = self.act(self.bn(self.conv(x)))
        return y
