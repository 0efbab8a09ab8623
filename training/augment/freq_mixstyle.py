"""Freq-MixStyle (Kim et al. 2022): the statistics of each frequency row are mixed with those of another example.

What a device does to a log-mel spectrum is nearly an offset per row, so mixed statistics are sounds through devices
that nobody has.
"""

from __future__ import annotations

import torch

from training.augment.mixup import beta


def freq_mixstyle(x: torch.Tensor, generator: torch.Generator, share: float, alpha: float) -> torch.Tensor:
    """[B, C, F, T]; the whole batch is mixed with probability `share`, weights from Beta(alpha, alpha)."""
    if float(torch.rand(1, generator=generator)) >= share:
        return x
    order = torch.randperm(len(x), generator=generator).to(x.device)
    kept = beta(len(x), generator, alpha).to(x.device).view(-1, 1, 1, 1)
    mean = x.mean((1, 3), keepdim=True)  # [B, 1, F, 1]
    deviation = (x.var((1, 3), correction=0, keepdim=True) + 1e-6).sqrt()
    new_mean = kept * mean + (1 - kept) * mean[order]
    new_deviation = kept * deviation + (1 - kept) * deviation[order]
    return (x - mean) / deviation * new_deviation + new_mean
