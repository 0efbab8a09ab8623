"""Magnitude pruning (Zhu and Gupta 2017, arXiv:1710.01878): the smallest weights become zero, more of them by schedule.

Magnitudes are relative to their layer's, for the normalization after a layer makes its scale arbitrary.
"""

from __future__ import annotations

import torch
from torch import nn


def sparsity_at(epoch: int, epochs: int, final: float) -> float:
    """Share of zeros: a cubic from the first tenth of the run to its sixth tenth, then constant to recover."""
    first, last = 0.1 * epochs, 0.6 * epochs
    if final <= 0 or epoch < first:
        return 0.0
    done = min(1.0, (epoch - first) / max(1e-9, last - first))
    return final * (1 - (1 - done) ** 3)


def prunable(net: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of convolutions and dense layers, by name; norms and biases stay."""
    return {name: p for name, p in net.named_parameters() if p.ndim > 1}


@torch.no_grad()
def masks(net: nn.Module, sparsity: float) -> dict[str, torch.Tensor]:
    """bool for each prunable weight, True where it stays; that share of all of them is False.

    Filters over a single channel, as depthwise ones, stay whole as long as the others suffice: they are few, and a
    filter of three taps without two of them is none. What is zero already is the smallest, so masks only grow while
    the share does.
    """
    weights = prunable(net)
    count = int(sparsity * sum(w.numel() for w in weights.values()))
    if count <= 0:
        return {}
    dense = {n: w for n, w in weights.items() if w.shape[1] > 1}
    if sum(w.numel() for w in dense.values()) <= count:
        dense = weights
    sizes = {n: (w.abs() / w.abs().pow(2).mean().sqrt().clamp_min(1e-12)) for n, w in dense.items()}
    threshold = torch.cat([s.flatten() for s in sizes.values()]).kthvalue(count).values
    return {n: s > threshold for n, s in sizes.items()}


@torch.no_grad()
def apply(values: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]) -> None:
    """Sets the weights outside the masks to zero, in place; `values` are tensors by the same names."""
    for name, mask in kept.items():
        values[name].mul_(mask.to(values[name].device))
