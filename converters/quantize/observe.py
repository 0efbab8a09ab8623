"""Calibration: which int8 range each activation gets, from real features."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph, Quantization
from converters.run import run_float

BATCH = 32
SAMPLES = 8_000
"""Values kept of a tensor in a batch: the shape of its distribution, not every value of it."""
SHRINK = np.linspace(1.0, 0.3, 29)
"""Fractions of the seen range that are tried."""


def shared_ranges(graph: Graph) -> dict[str, str]:
    """Activation -> the activation whose quantization it must share, through kernels that do not rescale."""
    root = {name: name for name in graph.inputs}
    for node in graph:
        root[node.name] = root.get(node.inputs[0], node.name) if node.op.keeps_scale else node.name
        if node.op.keeps_scale:
            first = root[node.name]
            others = {root[i] for i in node.inputs if i in root}
            root = {k: first if v in others else v for k, v in root.items()}
    return root


def fixed_ranges(graph: Graph, root: dict[str, str], input_scale: float) -> dict[str, Quantization]:
    """The groups whose quantization is given: the input's, and those that kernels demand."""
    fixed = {root[graph.inputs[0]]: Quantization.of(input_scale)}
    for node in graph:
        q = node.op.fixed_output
        if q is not None and fixed.setdefault(root[node.name], q) != q:
            raise ConvertError(f"{node.name}: concatenated with a tensor of another scale; rescale one of them first")
    return fixed


@dataclass
class _Seen:
    low: float = 0.0
    high: float = 0.0
    values: list[np.ndarray] = field(default_factory=list)

    def add(self, values: np.ndarray) -> None:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        # At random, for a regular step through [B, T, F, C] may meet a few channels only.
        picked = np.random.default_rng(len(self.values)).integers(0, values.size, min(SAMPLES, values.size))
        self.values.append(values.ravel()[picked])

    def quantization(self) -> Quantization:
        return best_range(np.concatenate(self.values), self.low, self.high)


def observe(graph: Graph, features: np.ndarray, input_scale: float) -> dict[str, Quantization]:
    """Every activation's quantization, for int8 features [N, T, F] or pictures [N, H, W, 3] of the real kind.

    Chosen by the smallest mean squared error, so that a rare outlier does not cost all others a bit.
    """
    import torch

    expected = graph[graph.inputs[0]].shape[1:]
    shape = expected[:2] if expected[2] == 1 else expected
    if features.shape[1:] != shape or not len(features):
        raise ConvertError(
            f"calibration features are {list(features.shape)}; the network takes [N, {', '.join(map(str, shape))}]"
        )
    root = shared_ranges(graph)
    fixed = fixed_ranges(graph, root, input_scale)
    constants = {t.name: torch.tensor(t.data) for t in graph.tensors.values() if t.is_constant}
    seen: dict[str, _Seen] = defaultdict(_Seen)
    for start in range(0, len(features), BATCH):
        x = torch.tensor(features[start : start + BATCH].astype(np.float32) * input_scale)
        x = x if expected[2] > 1 else x[..., None]
        with torch.no_grad():
            values = run_float(graph, x, constants)
        for name, group in root.items():
            if group not in fixed:
                seen[group].add(values[name].numpy())
    ranges = fixed | {group: s.quantization() for group, s in seen.items()}
    return {name: ranges[group] for name, group in root.items()}


def best_range(values: np.ndarray, low: float, high: float) -> Quantization:
    """The range within [low, high], zero in it, that quantizes these values with the least squared error."""
    if high - low < 1e-6:
        return Quantization.of(1 / 128)
    values = np.clip(values, low, high)
    best = (low, high)
    # Both ends together, then each by itself.
    for shrink in ((1, 1), (0, 1), (1, 0)):
        tried = [_ends(best, s, shrink) for s in SHRINK]
        best = min(tried, key=lambda ends: _error(values, affine(*ends)))
    return affine(*best)


def _ends(ends: tuple[float, float], factor: float, which: Sequence[int]) -> tuple[float, float]:
    return tuple(e * (factor if w else 1.0) for e, w in zip(ends, which, strict=True))  # type: ignore[return-value]


def affine(low: float, high: float) -> Quantization:
    """int8 over [low, high], whose zero is exact."""
    scale = max((high - low) / 255, 1e-9)
    return Quantization.of(scale, int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def _error(values: np.ndarray, q: Quantization) -> float:
    grid = np.clip(np.rint(values / q.scale), -128 - q.zero_point, 127 - q.zero_point) * q.scale
    return float(np.square(grid - values).mean())
