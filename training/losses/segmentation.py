"""What a portrait network minimises: cross-entropy over all pixels, and once more over those of the boundary."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from training.losses.boundary import boundary


def class_weights(shares: torch.Tensor) -> torch.Tensor:
    """[labels] from the labels' shares of all pixels: 1 / ln(1.10 + share), as SINet's authors have it."""
    return 1.0 / torch.log(1.10 + shares)


class SegmentationLoss:
    """CE(all) + weight * CE(boundary), pixels weighted by their class (Park et al. 2020, section 3.3)."""

    def __init__(self, shares: torch.Tensor, kernel: int, boundary_weight: float = 0.5):
        self.weights, self.kernel, self.boundary_weight = class_weights(shares), kernel, boundary_weight

    def __call__(self, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """logits [B, labels, H, W]; mask int [B, h, w], which is brought to the logits' size by its nearest pixels."""
        mask = nearest(mask, (int(logits.shape[2]), int(logits.shape[3])))
        each = F.cross_entropy(logits, mask, self.weights, reduction="none")  # [B, H, W]
        weight = self.weights[mask]
        loss = each.sum() / weight.sum()
        if not self.boundary_weight:
            return loss
        edge = boundary(mask, self.kernel)
        on_edge = (each * edge).sum() / (weight * edge).sum().clamp_min(math.ulp(1.0))
        return loss + self.boundary_weight * on_edge


def nearest(mask: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """int [B, H, W] at another size."""
    if tuple(mask.shape[1:]) == size:
        return mask
    return F.interpolate(mask[:, None].float(), size, mode="nearest")[:, 0].long()
