"""SpecAugment (Park et al. 2019): stripes of the log-mel are masked, with the mean of the example."""

from __future__ import annotations

import torch


def spec_augment(x: torch.Tensor, generator: torch.Generator, bands: int, frames: int) -> torch.Tensor:
    """[B, 1, F, T] with two frequency stripes of at most `bands` and two time stripes of at most `frames`."""
    b, _, f, t = x.shape
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    mask = torch.zeros(b, 1, f, t, dtype=torch.bool)
    for size, widest, axis in ((f, bands, 2), (t, frames, 3), (f, bands, 2), (t, frames, 3)):
        width = (torch.rand(b, generator=generator) * (widest + 1)).floor()
        first = (torch.rand(b, generator=generator) * (size - width)).floor()
        at = torch.arange(size).view(1, -1)
        stripe = (at >= first[:, None]) & (at < (first + width)[:, None])  # [B, size]
        shape = [b, 1, 1, 1]
        shape[axis] = size
        mask |= stripe.view(shape)
    return torch.where(mask.to(x.device), mean, x)
