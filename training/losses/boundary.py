"""Where a person ends: the band around the outline of a mask."""

from __future__ import annotations

import torch
import torch.nn.functional as F

KERNEL_EIGHTH = 5
"""Pixels of the box, on a mask of an eighth of the size; on a whole one `evaluate.segmentation.band_at` says."""


def boundary(mask: torch.Tensor, kernel: int) -> torch.Tensor:
    """bool [B, H, W]: the mask widened by a box, without the mask thinned by it. Beyond the picture nothing counts."""
    person = mask.bool().float()[:, None]  # [B, 1, H, W]
    widened = F.max_pool2d(person, kernel, 1, kernel // 2)
    thinned = -F.max_pool2d(-person, kernel, 1, kernel // 2)
    return (widened - thinned)[:, 0] > 0
