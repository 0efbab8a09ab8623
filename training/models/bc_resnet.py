"""BC-ResNet (Kim et al. 2021, "Broadcasted Residual Learning for Efficient Keyword Spotting").

Temporal modelling happens on a frequency-averaged sequence and is added back onto the map of frequency and time.
With `time="causal"` every time convolution pads on the left only, which makes the network streamable.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from training.layers.sub_spectral_norm import SubSpectralNorm
from training.layers.time_conv import pad_time

# blocks, channels relative to c, frequency stride of the first, time dilation (Table 1)
STAGES = ((2, 1.0, 1, 1), (2, 1.5, 2, 2), (4, 2.0, 2, 4), (4, 2.5, 1, 8))
FREQUENCY_BANDS = 5


class Block(nn.Module):
    """Broadcasted residual block; a transition block changes width and has no identity."""

    def __init__(
        self, c_in: int, c_out: int, stride: int, dilation: int, transition: bool, time: str, norm: str,
        sub_bands: int = FREQUENCY_BANDS,
    ):  # fmt: skip
        super().__init__()
        self.transition, self.time, self.reach = transition, time, 2 * dilation
        if transition:
            self.widen = nn.Sequential(nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
        self.over_frequency = nn.Conv2d(c_out, c_out, (3, 1), (stride, 1), (1, 0), groups=c_out, bias=False)
        self.norm = SubSpectralNorm(c_out, sub_bands) if norm == "ssn" else nn.BatchNorm2d(c_out)
        self.over_time = nn.Conv2d(c_out, c_out, (1, 3), dilation=(1, dilation), groups=c_out, bias=False)
        self.time_norm = nn.BatchNorm2d(c_out)
        self.pointwise = nn.Conv2d(c_out, c_out, 1, bias=False)
        self.drop = nn.Dropout2d(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, C, F, T]
        z = self.widen(x) if self.transition else x
        u = self.norm(self.over_frequency(z))
        v = u.mean(dim=2, keepdim=True)  # [B, C, 1, T]
        v = F.silu(self.time_norm(self.over_time(pad_time(v, self.reach, self.time))))
        y = u + self.drop(self.pointwise(v))
        return F.relu(y if self.transition else y + x)


class BCResNet(nn.Module):
    """float [B, 1, F, T] -> logits [B, labels]."""

    def __init__(self, labels: int, bands: int, width: float, time: str, norm: str):
        super().__init__()
        c = int(8 * width)
        self.time = time
        self.stem = nn.Conv2d(1, 2 * c, 5, (2, 1), (2, 0), bias=False)
        self.stem_norm = nn.BatchNorm2d(2 * c)
        blocks, c_in = [], 2 * c
        for count, factor, stride, dilation in STAGES:
            c_out = int(c * factor)
            for i in range(count):
                blocks.append(Block(c_in, c_out, stride if i == 0 else 1, dilation, i == 0, time, norm))
                c_in = c_out
        self.blocks = nn.Sequential(*blocks)
        # 5 x 5 over the last five rows of a 40-band map leaves one row.
        self.head = nn.Conv2d(c_in, c_in, (bands // 8, 5), groups=c_in, bias=False)
        self.head_pointwise = nn.Conv2d(c_in, 4 * c, 1, bias=False)
        self.head_norm = nn.BatchNorm2d(4 * c)
        self.embedding = 4 * c
        self.classifier = nn.Conv2d(4 * c, labels, 1)

    def embed(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T] -> [B, E, 1, 1]
        x = F.relu(self.stem_norm(self.stem(pad_time(x, 4, self.time))))
        x = self.blocks(x)
        x = self.head(pad_time(x, 4, self.time))  # [B, C, 1, T]
        x = F.relu(self.head_norm(self.head_pointwise(x)))
        return F.adaptive_avg_pool2d(x, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.embed(x)).flatten(1)


def build(labels: int, bands: int, frames: int, width: float = 1.0, time: str = "same", norm: str = "ssn") -> BCResNet:
    """`width` is the paper's tau; `time` is `same` (published form) or `causal`; `norm` is `ssn` or `bn`."""
    if time not in ("same", "causal"):
        raise ValueError(f"bc_resnet: time={time!r}; its dilated blocks see more than a second, use 'same' or 'causal'")
    if bands % 40:
        raise ValueError(f"bc_resnet: {bands} bands; five sub-bands at a quarter of the rows need a multiple of 40")
    return BCResNet(labels, bands, width, time, norm)
