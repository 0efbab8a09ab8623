"""SINet (Park et al. 2020): portrait segmentation with spatial squeeze blocks and an information blocking decoder.

At width 1 with PReLU it is the published network, and loads the authors' state dict. Module names are theirs.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from training.layers.norm_act import ConvNormAct, NormAct, activation, norm
from training.layers.s2_block import S2Block
from training.layers.squeeze_excite import SqueezeExcite

Scales = tuple[tuple[int, int], tuple[int, int]]
CHANNELS = (12, 16, 48, 48, 96)
"""Stem, level 2 in, level 2, level 3 in, level 3."""
LEVEL2: tuple[Scales, ...] = (((3, 1), (5, 1)), ((3, 1), (3, 1)))
LEVEL3: tuple[Scales, ...] = (
    ((3, 1), (5, 1)), ((3, 1), (3, 1)), ((5, 1), (3, 2)), ((5, 2), (3, 4)),
    ((3, 1), (3, 1)), ((5, 1), (5, 1)), ((3, 2), (3, 4)), ((3, 1), (5, 2)),
)  # fmt: skip
"""(kernel, pool) of both branches of each block."""
TAKES = "pictures"
STRIDE = 8
"""Of the encoder's output, which pools of 4 must divide."""
GATES = ("block", "add", "none")
LABELS = ("background", "person")
INPUT_SCALE = 1 / 64
"""The network's real input is the pixel less 128, times this."""


def network_input(rgb: np.ndarray) -> torch.Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W]."""
    return (torch.tensor(rgb).permute(0, 3, 1, 2).float() - 128) * INPUT_SCALE


class Reduce(nn.Module):
    """Half the size: depthwise convolution, squeeze and excitation, 1x1 convolution."""

    def __init__(self, c_in: int, c_out: int, divide: int, act: str):
        super().__init__()
        depthwise = nn.Conv2d(c_in, c_in, 3, 2, 1, groups=c_in, bias=False)
        pointwise = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.conv = nn.Sequential(depthwise, SqueezeExcite(c_in, divide, act), pointwise)
        self.bn = norm(c_out)
        self.act = activation(c_out, act)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.act(self.bn(self.conv(x)))
        return y


class Encoder(nn.Module):
    """[B, 3, H, W] -> logits [B, labels, H / 8, W / 8] and the detail [B, C, H / 4, W / 4]."""

    def __init__(self, labels: int, channels: tuple[int, ...], pools: bool, act: str):
        super().__init__()
        c1, c2, d2, c3, d3 = channels
        self.level1 = ConvNormAct(3, c1, 3, 2, act)
        self.level2_0 = Reduce(c1, c2, 1, act)
        self.level2 = _level(c2, d2, LEVEL2, pools, act)
        self.BR2 = NormAct(c2 + d2, act)
        self.level3_0 = Reduce(c2 + d2, c3, 2, act)
        self.level3 = _level(c3, d3, LEVEL3, pools, act)
        self.BR3 = NormAct(c3 + d3, act)
        self.features = c3 + d3
        self.classifier = _Classifier(self.features, labels)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, detail = self.embed(x)
        return self.classifier(x), detail

    def embed(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[B, features, H / 8, W / 8] and the detail."""
        x = self.level2_0(self.level1(x))
        detail = self.level2(x)
        x = self.level3_0(self.BR2(torch.cat([x, detail], 1)))
        return self.BR3(torch.cat([x, self.level3(x)], 1)), detail


class _Classifier(nn.Module):
    def __init__(self, c_in: int, labels: int):
        super().__init__()
        self.conv = nn.Conv2d(c_in, labels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        return y


def _level(c_in: int, c_out: int, rows: tuple[Scales, ...], pools: bool, act: str) -> nn.Sequential:
    blocks = []
    for (k1, p1), (k2, p2) in rows:
        scales = ((k1, p1), (k2, p2)) if pools else ((k1, 1), (k2, 1))
        blocks.append(S2Block(c_in, c_out, scales, act))
        c_in = c_out
    return nn.Sequential(*blocks)


class Twice(nn.Module):
    """[B, C, H, W] -> [B, C, 2 H, 2 W], the corners staying where they are."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = [2 * int(x.shape[2]), 2 * int(x.shape[3])]
        return F.interpolate(x, size, mode="bilinear", align_corners=True)


class SINet(nn.Module):
    """Picture float [B, 3, H, W] -> logits [B, labels, H, W]."""

    def __init__(self, labels: int, channels: tuple[int, ...], gate: str, pools: bool, act: str):
        super().__init__()
        self.gate = gate
        self.encoder = Encoder(labels, channels, pools, act)
        self.bn_3 = norm(labels)
        self.level2_C = ConvNormAct(channels[2], labels, 1, act=act)
        self.bn_2 = norm(labels)
        self.up = Twice()
        self.classifier = nn.Sequential(Twice(), nn.Conv2d(labels, labels, 3, padding=1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        coarse, detail = self.encoder(x)
        middle = self.bn_3(self.up(coarse))  # [B, labels, H / 4, W / 4]
        fine = self.bn_2(self.up(self._with_detail(middle, detail)))
        logits: torch.Tensor = self.classifier(fine)
        return logits

    def _with_detail(self, middle: torch.Tensor, detail: torch.Tensor) -> torch.Tensor:
        """Detail is let through where the coarse prediction is unsure (section 3.2)."""
        if self.gate == "none":
            return middle
        detail = self.level2_C(detail)
        if self.gate == "block":
            detail = detail * (1 - middle.softmax(1).amax(1, keepdim=True))
        return detail + middle


class Mask(nn.Module):
    """The shipped form of a network with two classes: the person's probability [B, 1, H, W]."""

    def __init__(self, net: SINet):
        super().__init__()
        self.net = net
        last = net.classifier[1]
        assert isinstance(last, nn.Conv2d)
        # A softmax of two is a sigmoid of their difference, which the last convolution gives as well.
        one = nn.Conv2d(last.in_channels, 1, 3, padding=1, bias=False)
        one.weight.data = last.weight.data[1:] - last.weight.data[:1]
        net.classifier[1] = one

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.net(x))


def build(
    labels: int, bands: int, frames: int, width: float = 1.0, gate: str = "block", pools: bool = True,
    act: str = "prelu",
) -> SINet:  # fmt: skip
    """`bands` and `frames` are the picture's height and width.

    `gate`: `block` as published, `add` lets all detail through, `none` no detail. `pools` off: every branch at
    full size. `act`: `prelu` as published, or `relu`.
    """
    if min(bands, frames) < 1 or bands % (4 * STRIDE) or frames % (4 * STRIDE):
        raise ValueError(f"sinet: {bands} x {frames} pixels; height and width are multiples of {4 * STRIDE}")
    if gate not in GATES:
        raise ValueError(f"sinet: gate {gate!r} is none of {', '.join(GATES)}")
    if not 0.0 < width <= 8.0:
        raise ValueError(f"sinet: width {width:g} of the channels; it is above 0, and 1 as published")
    channels = tuple(max(4, 4 * round(c * width / 4)) for c in CHANNELS)
    return SINet(labels, channels, gate, pools, act)
