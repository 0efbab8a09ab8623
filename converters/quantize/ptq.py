"""Float graph + the activations' quantization -> int8 graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from converters.graph import Graph, Node, Quantization, Tensor
from converters.quantize.observe import observe

BIAS_LIMIT = 2**30
"""A bias stays below this, so that accumulators cannot overflow."""


def post_training(graph: Graph, features: np.ndarray, input_scale: float) -> Graph:
    """Int8 graph from calibration features int8 [N, T, F] alone."""
    return quantize(graph, observe(graph, features, input_scale))


def has_weights(node: Node) -> bool:
    """Inputs 1 and 2 are weights and a bias."""
    return node.op.weight_axis is not None or node.op.builtin == "FULLY_CONNECTED"


def quantize(graph: Graph, activations: Mapping[str, Quantization]) -> Graph:
    """Weights symmetric int8, biases int32 on the accumulator's scale, activations as given."""
    tensors = [dataclasses.replace(graph[n], dtype="int8", quantization=q) for n, q in activations.items()]
    for node in graph:
        if has_weights(node):
            tensors += quantized_layer(graph, node, activations[node.inputs[0]])
        else:
            tensors += [_quantized_constant(graph[i]) for i in node.inputs if graph[i].is_constant]
    return graph.with_(tensors=tensors).validate()


def quantized_layer(graph: Graph, node: Node, x: Quantization) -> list[Tensor]:
    """A layer's weights and bias."""
    w, b = graph[node.inputs[1]], graph[node.inputs[2]]
    scales = weight_scales(w.values, b.values, node.op.weight_axis, x.scale)
    axis = node.op.weight_axis or 0
    q = _symmetric(scales, axis)
    spread = scales.reshape([-1 if i == axis and len(scales) > 1 else 1 for i in range(w.values.ndim)])
    data = np.clip(np.rint(w.values / spread), -127, 127).astype(np.int8)
    bias_scales = bias_scale(scales, x.scale)
    bias = np.rint(b.values / bias_scales.astype(np.float64)).astype(np.int32)
    return [
        dataclasses.replace(w, dtype="int8", quantization=q, data=data),
        dataclasses.replace(b, dtype="int32", quantization=_symmetric(bias_scales, 0), data=bias),
    ]


def weight_scales(w: np.ndarray, b: np.ndarray, axis: int | None, x_scale: float) -> np.ndarray:
    """One float32 scale per output channel, or one in all for ``axis`` None.

    A channel that normalization has all but switched off keeps a scale its bias still fits.
    """
    others = tuple(i for i in range(w.ndim) if i != axis)
    peak, bias = np.abs(w).max(others if axis is not None else None), np.abs(b).astype(np.float32)
    needed = (bias if axis is not None else bias.max()) / np.float32(x_scale) / np.float32(BIAS_LIMIT)
    return np.atleast_1d(np.maximum(np.maximum(peak / np.float32(127), needed), np.float32(1e-12))).astype(np.float32)


def bias_scale(scales: np.ndarray, x_scale: float) -> np.ndarray:
    """Input scale times weight scale, in float32 as the kernels multiply it."""
    return (scales * np.float32(x_scale)).astype(np.float32)


def constant_scale(data: np.ndarray) -> np.float32:
    """Scale of an operand of MUL or ADD that is constant: symmetric int8."""
    return np.float32(max(float(np.abs(data).max()), 1e-9)) / np.float32(127)


def _quantized_constant(t: Tensor) -> Tensor:
    scale = constant_scale(t.values)
    data = np.clip(np.rint(t.values / scale), -127, 127).astype(np.int8)
    return dataclasses.replace(t, dtype="int8", quantization=Quantization.of(float(scale)), data=data)


def _symmetric(scales: np.ndarray, axis: int) -> Quantization:
    return Quantization(tuple(float(s) for s in scales), (0,) * len(scales), axis if len(scales) > 1 else 0)
