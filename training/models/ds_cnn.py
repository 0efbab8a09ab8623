"""A depthwise separable CNN (Zhang et al. 2017, "Hello Edge"), with residuals and a choice of time padding.

The published DS-CNN is `stem=64`, four blocks of 64 and `time="same"`. With `time="valid"` nothing is padded in
time: an output sees real frames only, so the network gives the same on a clip as in a stream.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from training.layers.time_conv import newest, pad_time


class Stem(nn.Module):
    """Convolution over time and frequency that halves both."""

    def __init__(self, channels: int, kernel: tuple[int, ...], stride: tuple[int, ...], time: str):
        super().__init__()
        (kt, kf), (st, sf) = kernel, stride
        self.reach, self.time = max(0, kt - st) if time == "same" else kt - 1, time
        self.conv = nn.Conv2d(1, channels, (kf, kt), (sf, st), ((kf - 1) // 2, 0), bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T]
        return F.relu(self.norm(self.conv(pad_time(x, self.reach, self.time))))


class Block(nn.Module):
    """Depthwise over frequency and time, then pointwise; the input is added where the shapes allow it."""

    def __init__(self, c_in: int, c_out: int, kernel: int, dilation: int, stride: int, time: str, residual: bool):
        super().__init__()
        self.reach, self.time = (kernel - 1) * dilation, time
        self.residual = residual and c_in == c_out and stride == 1
        self.depthwise = nn.Conv2d(c_in, c_in, (3, kernel), (stride, 1), (1, 0), (1, dilation), groups=c_in, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(c_in)
        self.pointwise = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm2d(c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        y = F.relu(self.depthwise_norm(self.depthwise(pad_time(x, self.reach, self.time))))
        y = self.pointwise_norm(self.pointwise(y))
        return F.relu(y + newest(x, y.shape[-1]) if self.residual else y)


class DSCNN(nn.Module):
    """float [B, 1, F, T] -> logits [B, labels]."""

    def __init__(
        self, labels: int, bands: int, stem: Stem, blocks: list[Block], channels: int, head: int, dropout: float
    ):
        super().__init__()
        self.stem, self.blocks = stem, nn.Sequential(*blocks)
        with torch.no_grad():
            rows = self.blocks(stem(torch.zeros(1, 1, bands, 400))).shape[2]
        self.over_frequency = nn.Conv2d(channels, channels, (rows, 1), groups=channels, bias=False) if head else None
        self.head = (
            nn.Sequential(nn.Conv2d(channels, head, 1, bias=False), nn.BatchNorm2d(head), nn.ReLU()) if head else None
        )
        self.embedding = head or channels
        self.drop = nn.Dropout(dropout)
        self.classifier = nn.Conv2d(self.embedding, labels, 1)

    def embed(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T] -> [B, E, 1, 1]
        x = self.blocks(self.stem(x))
        if self.head is not None and self.over_frequency is not None:
            x = self.head(self.over_frequency(x))  # [B, E, 1, T]
        return F.adaptive_avg_pool2d(x, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.drop(self.embed(x))).flatten(1)


def build(
    labels: int,
    bands: int,
    frames: int,
    stem: int = 64,
    stem_kernel: tuple[int, ...] = (10, 4),
    stem_stride: tuple[int, ...] = (2, 2),
    blocks: tuple[tuple[int, int, int, int], ...] = ((64, 3, 1, 1),) * 4,
    head: int = 0,
    dropout: float = 0.2,
    time: str = "same",
    residual: bool = False,
) -> DSCNN:
    """`blocks` rows: channels, time kernel, time dilation, frequency stride. Kernels and strides are (time, frequency).

    `head` > 0 replaces the average over frequency by a depthwise convolution over it and a pointwise one.
    """
    built, c_in, reach = [], stem, 0
    for channels, kernel, dilation, stride in blocks:
        built.append(Block(c_in, channels, kernel, dilation, stride, time, residual))
        c_in, reach = channels, reach + (kernel - 1) * dilation
    left = (frames - stem_kernel[0]) // stem_stride[0] + 1 - reach
    if time == "valid" and left < 1:
        raise ValueError(
            f"ds_cnn: blocks reach over {reach} steps but {frames} frames give {left + reach}; reduce dilation"
        )
    return DSCNN(labels, bands, Stem(stem, tuple(stem_kernel), tuple(stem_stride), time), built, c_in, head, dropout)
