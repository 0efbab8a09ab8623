"""Mixup (Zhang et al. 2018): how much of each example is kept."""

from __future__ import annotations

import numpy as np
import torch


def mixup_share(generator: torch.Generator, alpha: float) -> float:
    """The larger part of a pair, 0.5..1: uniform for alpha 0, else from Beta(alpha, alpha)."""
    if alpha <= 0:
        return 0.5 + 0.5 * float(torch.rand(1, generator=generator))
    share = float(beta(1, generator, alpha)[0])
    return max(share, 1 - share)


def beta(count: int, generator: torch.Generator, alpha: float) -> torch.Tensor:
    """float [count] from Beta(alpha, alpha); torch's own sampler takes no generator."""
    seed = int(torch.randint(2**31, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, count)).float()
