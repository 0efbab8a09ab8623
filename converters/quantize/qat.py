"""Fake quantization exactly where the int8 graph rounds, so that fine-tuning sees what the device computes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import torch

from converters.graph import Graph, Node, Quantization
from converters.ops.softmax.op import Softmax
from converters.quantize.observe import shared_ranges
from converters.quantize.ptq import bias_scale, constant_scale, has_weights, quantize, weight_scales
from converters.quantize.snap import first_rounding, snap, straight
from converters.run import run_float

SMALLEST_SCALE = 1e-6


class QatNetwork(torch.nn.Module):
    """The int8 graph in float: features [B, 1, F, T] -> logits [B, labels]; ``export`` gives the int8 graph.

    Takes a simplified float graph and its activations' quantization (``observe``). Weights learn, and so do the
    scales of activations unless ``learn_scales`` is off; zero points stay. Any training loop will do.
    """

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
            torch.nn.Parameter(torch.tensor(self.activations[n].scale), learn_scales and n not in given) for n in roots
        )
        last = graph.producer(graph.outputs[0])
        self.logits = last.inputs[0] if last and isinstance(last.op, Softmax) else graph.outputs[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T]
        frames = self._snap(self.graph.inputs[0], x.permute(0, 3, 2, 1), False, None)
        constants, scales = self._snapped_constants()

        def after(node: Node, y: torch.Tensor) -> torch.Tensor:
            op = node.op
            if op.keeps_scale and not op.rounds_about_q0:
                return y  # copies: on the grid already
            # In training the kernels' first rounding is lost in the noise of the steps.
            operands = [scales.get(i, self.scale(i)) for i in node.inputs[:2]] if not self.training else None
            grid = first_rounding(node, operands, self.scale(node.name)) if operands else None
            return self._snap(node.name, y, op.rounds_about_q0, grid)

        return run_float(self.graph, frames, constants, after)[self.logits]

    def scale(self, name: str) -> float:
        """An activation's scale as it is now; 1 for what has none here."""
        if name not in self.group:
            return 1.0
        return max(float(self.scales[self.root_index[self.group[name]]].detach()), SMALLEST_SCALE)

    def _snap(self, name: str, x: torch.Tensor, about_q0: bool, grid: torch.Tensor | float | None) -> torch.Tensor:
        scale = self.scales[self.root_index[self.group[name]]].clamp_min(SMALLEST_SCALE)
        return snap(x, scale, self.activations[name].zero_point, about_q0, grid)

    def _snapped_constants(self) -> tuple[dict[str, torch.Tensor], dict[str, np.ndarray | float]]:
        """Constants on their grids, and the scales of those."""
        snapped: dict[str, torch.Tensor] = {}
        scales: dict[str, np.ndarray | float] = {}
        for node in self.graph:
            if has_weights(node):
                scales[node.inputs[1]] = self._snap_layer(node, snapped)
                continue
            for name in node.inputs:
                if name in self.constant_index:
                    value = self.constants[self.constant_index[name]]
                    scale = constant_scale(value.detach().numpy())
                    snapped[name], scales[name] = straight(value, scale), float(scale)
        return snapped, scales

    def _snap_layer(self, node: Node, snapped: dict[str, torch.Tensor]) -> np.ndarray:
        w, b = (self.constants[self.constant_index[i]] for i in node.inputs[1:])
        x_scale, axis = self.scale(node.inputs[0]), node.op.weight_axis
        scales = weight_scales(w.detach().numpy(), b.detach().numpy(), axis, x_scale)
        spread = scales.reshape([-1 if i == (axis or 0) and len(scales) > 1 else 1 for i in range(w.ndim)])
        snapped[node.inputs[1]] = straight(w, spread)
        snapped[node.inputs[2]] = straight(b, bias_scale(scales, x_scale), limit=2**31)
        return scales

    def export(self) -> Graph:
        """The int8 graph with the weights and scales as they are now."""
        tensors = [
            dataclasses.replace(self.graph[name], data=self.constants[i].detach().numpy().copy())
            for name, i in self.constant_index.items()
        ]
        activations = {n: Quantization.of(self.scale(n), q.zero_point) for n, q in self.activations.items()}
        return quantize(self.graph.with_(tensors=tensors), activations)
