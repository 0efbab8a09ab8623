"""How a convolution meets the start of the sound: three ways to treat the time axis."""

from __future__ import annotations

import torch
import torch.nn.functional as F

TIME_PADDING = ("valid", "causal", "same")


def pad_time(x: torch.Tensor, reach: int, padding: str) -> torch.Tensor:
    """[B, C, F, T] padded for a convolution that reaches over `reach` further frames.

    `valid` pads nothing: every output sees real frames only, so that a window gives the same as a stream.
    `causal` pads on the left: no look-ahead, same length. `same` pads both sides: for whole clips only.
    """
    if padding == "causal":
        return F.pad(x, (reach, 0))
    if padding == "same":
        return F.pad(x, (reach // 2, reach - reach // 2))
    return x


def newest(x: torch.Tensor, frames: int) -> torch.Tensor:
    """The last `frames` of [B, C, F, T]: what a residual adds to a branch that lost its oldest frames."""
    return x[..., x.shape[-1] - frames :] if x.shape[-1] != frames else x
