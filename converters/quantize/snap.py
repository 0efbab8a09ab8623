"""Rounding to int8's grid in float, with gradients: what fake quantization is made of.

Gradients pass straight through (Bengio et al. 2013, arXiv:1308.3432); scales learn as in LSQ (Esser et al. 2019,
arXiv:1902.08153).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from converters.graph import Node
from converters.ops.mul.op import Mul
from converters.quantize.ptq import has_weights

TIE_GRID = 8192.0
"""Float sums of an average miss exact halves by their last bits: snapped to this grid first, they do not."""


class _Snap(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: torch.Tensor, zero_point: int, about: int, grid: Any) -> torch.Tensor:
        v = x / scale
        u = v + about if about else v
        u = u if grid is None else _away(u * grid) / grid
        rounded = _away(u) - about
        q = rounded.clamp(-128 - zero_point, 127 - zero_point)
        inside = q == rounded
        if any(ctx.needs_input_grad):
            ctx.save_for_backward(inside, torch.where(inside, q - v, q))
        return q * scale

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        inside, slope = ctx.saved_tensors
        # LSQ's step for scales: 1 / sqrt(values * levels).
        size = (grad.numel() * 127) ** -0.5
        return grad * inside, (grad * slope).sum() * size, None, None, None


def _away(x: torch.Tensor) -> torch.Tensor:
    """To whole numbers, halves away from zero."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)


def snap(
    x: torch.Tensor, scale: torch.Tensor, zero_point: int, about_q0: bool, grid: torch.Tensor | float | None = None
) -> torch.Tensor:
    """x where int8 of this quantization can be; ``about_q0`` rounds halves away from q = 0, not from real zero.

    With a ``grid`` the value is rounded to 1 / grid first, as the kernels' multipliers do.
    """
    result: torch.Tensor = _Snap.apply(x, scale, zero_point, zero_point if about_q0 else 0, grid)
    return result


def straight(x: torch.Tensor, scale: np.ndarray | np.float32, limit: int = 127) -> torch.Tensor:
    """A constant on the grid of its scale, with the gradient of itself."""
    s = torch.as_tensor(np.asarray(scale))
    return x + ((x.detach() / s).round().clamp(-limit, limit) * s - x.detach())


def first_rounding(node: Node, inputs: Sequence[np.ndarray | float], output: float) -> torch.Tensor | float | None:
    """The grid of the first of the kernel's two roundings, per channel; ``inputs`` are the scales of the operands.

    MultiplyByQuantizedMultiplier rounds to ``-shift`` bits of fraction before it rounds to a whole number: in one of
    some 500 values that ends one higher.
    """
    if node.op.rounds_about_q0:
        return TIE_GRID
    if not has_weights(node) and not isinstance(node.op, Mul):
        return None
    real = np.asarray(inputs[0], np.float64) * np.asarray(inputs[1], np.float64) / output
    return torch.tensor(np.exp2(np.maximum(-np.frexp(real)[1], 0)).astype(np.float32))
