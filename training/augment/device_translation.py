"""Spectrogram-to-spectrogram translation: a recording of one device as another would have made it.

A U-Net (1-32-64-128) on log-mel features learns it from recordings that several devices made at the same time, with
the wanted device's embedding added at its narrowest point. The loss is L1, and a tenth of the L1 of the means of
each frequency row, which is where devices differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from training.data.draws import Drawn
from training.fit import Loss
from training.recipe import Fit

WIDTHS = (32, 64, 128)
ROW_WEIGHT = 0.1
EPOCHS = 30
BATCH = 256


def _pair(c_in: int, c_out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for c in (c_in, c_out):
        layers += [nn.Conv2d(c, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
    return nn.Sequential(*layers)


class Translator(nn.Module):
    """float [B, 1, F, T] and int [B] devices -> float [B, 1, F, T]; F and T multiples of 4."""

    def __init__(self, devices: int):
        super().__init__()
        a, b, c = WIDTHS
        self.down1, self.down2, self.middle = _pair(1, a), _pair(a, b), _pair(b, c)
        self.device = nn.Embedding(devices, c)
        self.up2, self.up1 = _pair(b + c, b), _pair(a + b, a)
        self.last = nn.Conv2d(a, 1, 1)

    def forward(self, x: torch.Tensor, device: torch.Tensor) -> torch.Tensor:
        one = self.down1(x)  # [B, 32, F, T]
        two = self.down2(F.max_pool2d(one, 2))  # [B, 64, F/2, T/2]
        low = self.middle(F.max_pool2d(two, 2)) + self.device(device)[:, :, None, None]  # [B, 128, F/4, T/4]
        y = self.up2(torch.cat([two, F.interpolate(low, scale_factor=2.0)], 1))
        y = self.up1(torch.cat([one, F.interpolate(y, scale_factor=2.0)], 1))
        return x + self.last(y)  # devices change little: the change is what is learnt


class _Trainee(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor, device: torch.Tensor) -> torch.Tensor:
        return self.net(x, device)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Pairs:
    """The lesson of a translator: the same moment through two devices."""

    features: np.ndarray
    """int8 [N, T, F]"""
    source: np.ndarray
    """int [M], rows of features"""
    target: np.ndarray
    """int [M], rows of features"""
    device: np.ndarray
    """int [M], the targets' device"""
    input_scale: float

    @property
    def weights(self) -> np.ndarray:
        return np.ones(len(self.source))

    @property
    def draw(self) -> Callable[[int], np.ndarray]:
        return lambda k: self.features

    def batch(self, draws: Any, rows: np.ndarray, epoch: int) -> tuple[torch.Tensor, ...]:
        """x and the wanted y, both float [B, 1, F, T], and int [B] devices."""
        i, features = rows[:, 0], draws[0]
        x, y = (_tensor(features[at[i]], self.input_scale) for at in (self.source, self.target))
        return x, y, torch.from_numpy(self.device[i]).long()

    def trainee(self, net: nn.Module, options: Fit) -> nn.Module:
        return _Trainee(net)

    def loss(self, net: nn.Module, options: Fit, teachers: list[nn.Module], device: torch.device) -> Loss:
        return _loss


def _loss(
    model: nn.Module, x: torch.Tensor, wanted: torch.Tensor, devices: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    y = model(x, devices)
    return F.l1_loss(y, wanted) + ROW_WEIGHT * F.l1_loss(y.mean(3), wanted.mean(3))


def options(epochs: int = EPOCHS) -> Fit:
    """For the one training loop, without what only classifiers have."""
    return Fit(epochs=epochs, batch=32, rate=1e-3, warmup_epochs=1, mask_bands=0, mask_frames=0, draws=1, ema=0.99)


def _tensor(features: np.ndarray, scale: float) -> torch.Tensor:
    """int8 [B, T, F] -> float [B, 1, F, T]."""
    return torch.from_numpy(np.array(features)).permute(0, 2, 1).unsqueeze(1).float() * scale


@torch.no_grad()
def translate(net: nn.Module, features: np.ndarray, devices: np.ndarray, scale: float) -> np.ndarray:
    """int8 [N, T, F] as the devices int [N] would have given them."""
    net.eval()
    out = np.empty_like(features)
    for first in range(0, len(features), BATCH):
        part = slice(first, first + BATCH)
        y = net(_tensor(features[part], scale), torch.from_numpy(devices[part]).long())  # [B, 1, F, T]
        out[part] = (y[:, 0].permute(0, 2, 1) / scale).round().clamp(-128, 127).to(torch.int8).numpy()
    return out


@dataclass
class Translated:
    """Draws in which a share of the clips is heard through a device that another drew; k None is untouched."""

    draws: Drawn
    net: nn.Module
    devices: int
    may: np.ndarray
    """bool [N]: clips of the device that is translated from."""
    share: float
    seed: int
    scale: float

    @property
    def key(self) -> str:
        """That of the draws: what is made of them is the recipe's."""
        return self.draws.key

    def __call__(self, k: int | None) -> np.ndarray:
        """int8 [N, T, F]; depends on (seed, k) alone."""
        features = self.draws(k)
        if k is None:
            return features
        rng = np.random.default_rng((self.seed, k, 2021))
        chosen = np.flatnonzero(self.may & (rng.random(len(self.may)) < self.share))
        out = np.array(features)
        out[chosen] = translate(self.net, out[chosen], rng.integers(0, self.devices, len(chosen)), self.scale)
        return out
