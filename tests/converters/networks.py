"""Small networks that use what the converter knows, with normalization that is not the identity."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

INPUT_SCALE = 1 / 32
BANDS = 40


class Mixed(nn.Module):
    """A BC-ResNet block, causal, and a classifier; 30 frames."""

    frames = 30

    def __init__(self, labels: int = 5, channels: int = 8):
        super().__init__()
        c = channels
        self.stem = nn.Conv2d(1, c, (5, 5), (2, 1), (2, 0), bias=False)
        self.stem_norm = nn.BatchNorm2d(c)
        self.over_frequency = nn.Conv2d(c, c, (3, 1), padding=(1, 0), groups=c, bias=False)
        self.bands_norm = nn.BatchNorm2d(5 * c)
        self.over_time = nn.Conv2d(c, c, (1, 3), dilation=(1, 2), groups=c, bias=False)
        self.pointwise = nn.Conv2d(c, c, 1)
        self.drop = nn.Dropout2d(0.1)
        self.classifier = nn.Linear(c, labels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem_norm(self.stem(F.pad(x, (4, 0)))))
        u = self.over_frequency(x)
        b, c, f, t = u.shape
        u = self.bands_norm(u.reshape(b, c * 5, f // 5, t)).reshape(b, c, f, t)
        v = F.silu(self.over_time(F.pad(u.mean(2, keepdim=True), (4, 0))))
        x = F.relu6(u + self.drop(self.pointwise(v)) + x)
        x = F.hardswish(x)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Valid(nn.Module):
    """A DS-CNN that pads nothing in time; residuals drop their oldest frames."""

    frames = 48

    def __init__(self, labels: int = 6, channels: int = 12, dilations: tuple[int, ...] = (1, 2)):
        super().__init__()
        c, self.dilations = channels, dilations
        self.stem = nn.Conv2d(1, c, (4, 8), (2, 2), (1, 0), bias=False)
        self.norm = nn.BatchNorm2d(c)
        self.depthwise = nn.ModuleList(nn.Conv2d(c, c, 3, padding=(1, 0), dilation=(1, d), groups=c) for d in dilations)
        self.pointwise = nn.ModuleList(nn.Conv2d(c, c, 1, bias=False) for _ in dilations)
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for _ in dilations)
        self.classifier = nn.Conv2d(c, labels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm(self.stem(x)))
        for d, depthwise, pointwise, norm in zip(
            self.dilations, self.depthwise, self.pointwise, self.norms, strict=True
        ):
            y = norm(pointwise(F.relu(depthwise(x))))
            x = F.relu(x[..., 2 * d :] + y)
        return self.classifier(F.adaptive_avg_pool2d(x, 1)).flatten(1)


class LookAhead(nn.Module):
    """Pads in time on both sides, which no stream can."""

    frames = 20

    def __init__(self) -> None:
        super().__init__()
        self.ahead = nn.Conv2d(1, 4, 3, padding=1)
        self.classifier = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.ahead(x).relu().mean((2, 3)))


def settle(net: nn.Module, seed: int = 0) -> nn.Module:
    """Gives normalizations statistics and gains as training would leave them."""
    torch.manual_seed(seed)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.2)
            m.running_var.uniform_(0.2, 0.6)
            nn.init.uniform_(m.weight, 0.6, 1.4)
            nn.init.normal_(m.bias, 0, 0.2)
    return net.eval()


def features(count: int, frames: int, seed: int = 0, bands: int = BANDS) -> np.ndarray:
    """int8 [N, T, F]: smooth over time, as sound is."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 18, (count, frames, bands)) + rng.normal(0, 30, (count, 1, bands))
    return np.clip(np.cumsum(steps, 1) / np.sqrt(np.arange(1, frames + 1))[:, None] + 5, -128, 127).astype(np.int8)
