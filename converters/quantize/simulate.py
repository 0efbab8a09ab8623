"""A finished int8 graph in float: the rung of fake quantization."""

from __future__ import annotations

import numpy as np
import torch

from converters.graph import Graph, Node, Quantization
from converters.quantize.snap import first_rounding, snap
from converters.run import run_float


def simulate(graph: Graph, x: torch.Tensor) -> torch.Tensor:
    """Features [B, 1, F, T] -> outputs [B, labels], the last not rounded."""
    constants = {t.name: torch.tensor(dequantized(t.values, t.q)) for t in graph.tensors.values() if t.is_constant}

    def after(node: Node, y: torch.Tensor) -> torch.Tensor:
        q = graph[node.name].q
        if node.name == graph.outputs[0] or node.op.keeps_scale and not node.op.rounds_about_q0:
            return y
        scales = [np.array(t.q.scales) for t in graph.args(node)]
        grid = first_rounding(node, scales, q.scale)
        return snap(y, torch.tensor(q.scale), q.zero_point, node.op.rounds_about_q0, grid)

    with torch.no_grad():
        return run_float(graph, x.permute(0, 3, 2, 1), constants, after)[graph.outputs[0]]


def dequantized(data: np.ndarray, q: Quantization) -> np.ndarray:
    """float32 values of a constant."""
    shape = [-1 if i == q.axis and q.per_channel else 1 for i in range(data.ndim)]
    scales, zeros = (np.reshape(v, shape if q.per_channel else ()) for v in (q.scales, q.zero_points))
    return ((data.astype(np.float64) - zeros) * scales).astype(np.float32)
