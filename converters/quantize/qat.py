"""Fake quantization exactly where the int8 graph rounds, so that fine-tuning sees what the device computes.

The folded float graph runs with its activations and weights snapped to int8's grids; gradients pass straight
through (Bengio et al. 2013, arXiv:1308.3432), and scales learn, too (LSQ, Esser et al., arXiv:1902.08153).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from converters.graph import Graph, Node, Quantization
from converters.ops.softmax.op import Softmax
from converters.quantize.observe import shared_ranges
from converters.quantize.ptq import bias_scale, constant_scale, has_weights, quantize, weight_scales
from converters.run import run_float

TIE_GRID = 8192
"""Averages are snapped to this grid first: float sums miss exact halves by their last bits."""


class _Snap(torch.autograd.Function):
    """Rounds x / scale, halves away from zero, and clips; straight-through gradients."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: torch.Tensor, zero_point: int, about_q0: bool) -> torch.Tensor:
        v = x / scale
        if about_q0:
            v = ((v + zero_point) * TIE_GRID).round() / TIE_GRID
        rounded = torch.sign(v) * torch.floor(v.abs() + 0.5)
        if about_q0:
            rounded, v = rounded - zero_point, v - zero_point
        q = rounded.clamp(-128 - zero_point, 127 - zero_point)
        inside = q == rounded
        ctx.save_for_backward(inside, torch.where(inside, q - v, q))
        return q * scale

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        inside, slope = ctx.saved_tensors
        # LSQ's step for scales: 1 / sqrt(values * levels).
        size = (grad.numel() * 127) ** -0.5
        return grad * inside, (grad * slope).sum() * size, None, None


class QatNetwork(torch.nn.Module):
    """The int8 graph in float: features [B, 1, F, T] -> logits [B, labels]; ``export`` gives the int8 graph."""

    def __init__(self, graph: Graph, activations: Mapping[str, Quantization], learn_scales: bool = True):
        super().__init__()
        self.graph = graph
        self.activations = dict(activations)
        self.group = shared_ranges(graph)
        constants = [t for t in graph.tensors.values() if t.is_constant]
        self.constant_index = {t.name: i for i, t in enumerate(constants)}
        self.constants = torch.nn.ParameterList(torch.tensor(t.values) for t in constants)
        roots = sorted(set(self.group.values()))
        self.root_index = {name: i for i, name in enumerate(roots)}
        given = {self.group[n.name] for n in graph if n.op.fixed_output} | {self.group[graph.inputs[0]]}
        self.scales = torch.nn.ParameterList(
            torch.nn.Parameter(torch.tensor(self.activations[n].scale), learn_scales and n not in given)
            for n in roots
        )
        last = graph.producer(graph.outputs[0])
        self.logits = last.inputs[0] if last and isinstance(last.op, Softmax) else graph.outputs[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T]
        frames = self._snap(self.graph.inputs[0], x.permute(0, 3, 2, 1), False)
        values = run_float(self.graph, frames, self._snapped_constants(), self._after)
        return values[self.logits]

    def _after(self, node: Node, y: torch.Tensor) -> torch.Tensor:
        if node.op.keeps_scale and not node.op.rounds_about_q0:
            return y  # copies: on the grid already
        return self._snap(node.name, y, node.op.rounds_about_q0)

    def _scale(self, name: str) -> torch.Tensor:
        scale: torch.Tensor = self.scales[self.root_index[self.group[name]]]
        return scale

    def _snap(self, name: str, x: torch.Tensor, about_q0: bool) -> torch.Tensor:
        result: torch.Tensor = _Snap.apply(x, self._scale(name), self.activations[name].zero_point, about_q0)
        return result

    def _snapped_constants(self) -> dict[str, torch.Tensor]:
        snapped: dict[str, torch.Tensor] = {}
        for node in self.graph:
            if has_weights(node):
                self._snap_layer(node, snapped)
                continue
            for name in node.inputs:
                if name in self.constant_index:
                    value = self.constants[self.constant_index[name]]
                    snapped[name] = _straight(value, constant_scale(value.detach().numpy()))
        return snapped

    def _snap_layer(self, node: Node, snapped: dict[str, torch.Tensor]) -> None:
        w, b = (self.constants[self.constant_index[i]] for i in node.inputs[1:])
        x_scale, axis = float(self._scale(node.inputs[0]).detach()), node.op.weight_axis
        scales = weight_scales(w.detach().numpy(), b.detach().numpy(), axis, x_scale)
        spread = scales.reshape([-1 if i == (axis or 0) and len(scales) > 1 else 1 for i in range(w.ndim)])
        snapped[node.inputs[1]] = _straight(w, spread)
        snapped[node.inputs[2]] = _straight(b, bias_scale(scales, x_scale), limit=2**31)

    def export(self) -> Graph:
        """The int8 graph with the weights and scales as they are now."""
        tensors = [
            dataclasses.replace(self.graph[name], data=self.constants[i].detach().numpy().copy())
            for name, i in self.constant_index.items()
        ]
        activations = {
            name: Quantization.of(float(self._scale(name).detach()), q.zero_point)
            for name, q in self.activations.items()
        }
        return quantize(self.graph.with_(tensors=tensors), activations)


def _straight(x: torch.Tensor, scale: np.ndarray | np.float32, limit: int = 127) -> torch.Tensor:
    """x on the grid of a scale, with the gradient of x."""
    s = torch.as_tensor(np.asarray(scale))
    return x + ((x.detach() / s).round().clamp(-limit, limit) * s - x.detach())


def simulate(graph: Graph, x: torch.Tensor) -> torch.Tensor:
    """Fake quantization of a finished int8 graph: features [B, 1, F, T] -> outputs [B, labels], not rounded."""
    constants = {
        t.name: torch.tensor(dequantized(t.values, t.q)) for t in graph.tensors.values() if t.is_constant
    }

    def snap(node: Node, y: torch.Tensor) -> torch.Tensor:
        q = graph[node.name].q
        if node.name == graph.outputs[0] or node.op.keeps_scale and not node.op.rounds_about_q0:
            return y
        snapped: torch.Tensor = _Snap.apply(y, torch.tensor(q.scale), q.zero_point, node.op.rounds_about_q0)
        return snapped

    with torch.no_grad():
        return run_float(graph, x.permute(0, 3, 2, 1), constants, snap)[graph.outputs[0]]


def dequantized(data: np.ndarray, q: Quantization) -> np.ndarray:
    """float32 values of a constant."""
    shape = [-1 if i == q.axis and q.per_channel else 1 for i in range(data.ndim)]
    scales, zeros = (np.reshape(v, shape if q.per_channel else ()) for v in (q.scales, q.zero_points))
    return ((data.astype(np.float64) - zeros) * scales).astype(np.float32)


def distil(
    network: QatNetwork, teacher: torch.nn.Module, features: np.ndarray, input_scale: float, epochs: int, rate: float = 5e-4
) -> list[float]:
    """Fine-tunes on features int8 [N, T, F] towards the float network's own answers: no labels needed.

    Returns the mean divergence of each epoch.
    """
    x = torch.tensor(features.astype(np.float32) * input_scale).permute(0, 2, 1)[:, None]  # [N, 1, F, T]
    teacher.eval()
    with torch.no_grad():
        wanted = torch.cat([teacher(b) for b in x.split(64)]).log_softmax(-1)
    optimizer = torch.optim.Adam(network.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, epochs * -(-len(x) // 64)))
    losses = []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x)).split(64):
            scores = network(x[index]).log_softmax(-1)
            loss = torch.nn.functional.kl_div(scores, wanted[index], log_target=True, reduction="batchmean")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(index)
        losses.append(total / len(x))
    return losses
