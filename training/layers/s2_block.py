"""The spatial squeeze block of SINet (Park et al. 2020, section 3.1): branches that see at other scales."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from training.layers.norm_act import NormAct, activation, norm

GROUPS = 2


def shuffle(x: torch.Tensor, groups: int) -> torch.Tensor:
    """Channels [B, g * n, H, W] dealt out in turn, one of each group (Zhang et al. 2018)."""
    b, c, h, w = x.shape
    return x.reshape(b, groups, c // groups, h, w).transpose(1, 2).reshape(b, c, h, w)


class Narrow(nn.Module):
    """A 1x1 convolution in groups."""

    def __init__(self, c_in: int, c_out: int, groups: int):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        return y


class Branch(nn.Module):
    """Pool, depthwise convolution, 1x1 convolution, back to the size: [B, C, H, W] -> [B, C', H, W]."""

    def __init__(self, c_in: int, c_out: int, kernel: int, pool: int, act: str):
        super().__init__()
        self.pool = pool
        depthwise = nn.Conv2d(c_in, c_in, kernel, padding=(kernel - 1) // 2, groups=c_in, bias=False)
        self.conv = nn.Sequential(depthwise, norm(c_in))
        self.act_conv1x1 = nn.Sequential(activation(c_in, act), nn.Conv2d(c_in, c_out, 1, bias=False))
        self.bn = norm(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = [int(x.shape[2]), int(x.shape[3])]
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        x = self.act_conv1x1(self.conv(x))
        if self.pool > 1:
            x = F.interpolate(x, size, mode="bilinear", align_corners=True)
        y: torch.Tensor = self.bn(x)
        return y


class S2Block(nn.Module):
    """[B, I, H, W] -> [B, O, H, W]; both branches see all of the narrowed tensor.

    `scales`: (kernel, pool) of each branch. H and W must be multiples of the pools.
    """

    def __init__(self, c_in: int, c_out: int, scales: tuple[tuple[int, int], tuple[int, int]], act: str = "prelu"):
        super().__init__()
        half = c_out // 2
        self.c1 = Narrow(c_in, half, GROUPS)
        self.d1 = Branch(half, c_out - half, *scales[0], act)
        self.d2 = Branch(half, half, *scales[1], act)
        self.BR = NormAct(c_out, act)
        self.residual = c_in == c_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        narrow = shuffle(self.c1(x), GROUPS)
        y = torch.cat([self.d1(narrow), self.d2(narrow)], 1)
        out: torch.Tensor = self.BR(x + y if self.residual else y)
        return out
