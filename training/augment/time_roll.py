"""Time roll: what went before comes after; a scene has no beginning."""

from __future__ import annotations

import torch


def time_roll(x: torch.Tensor, generator: torch.Generator, frames: int) -> torch.Tensor:
    """[B, 1, F, T], each example rolled by up to `frames` either way."""
    shifts = torch.randint(-frames, frames + 1, (len(x),), generator=generator)
    at = torch.arange(x.shape[3]) - shifts[:, None]  # [B, T]
    index = (at % x.shape[3]).to(x.device)[:, None, None, :].expand_as(x)
    return x.gather(3, index)
