"""Models of other people and ours: files of bundles, and of the folder that NUTHATCH_DATA names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import edge
from converters.graph import Graph

BUNDLED = sorted(Path(edge.__file__).parent.glob("models/*/*.tflite"))
DATA = sorted(Path(os.environ["NUTHATCH_DATA"]).glob("models/*.tflite")) if "NUTHATCH_DATA" in os.environ else []
MODELS = [*BUNDLED, *DATA]
REFUSED = {
    "audio_preprocessor_float": "operators are not supported: .*CUSTOM SignalRfft",
    "audio_preprocessor_int8": "operators are not supported: .*CUSTOM SignalRfft",
    "hello_world_float": "a float model: 3 of 3 operators .* FULLY_CONNECTED",
    "selfie_segmentation": "not supported: .*CUSTOM Convolution2DTransposeBias: segment",
}
"""What cannot be read, and what the refusal says."""


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def random_inputs(graph: Graph, runs: int, seed: int = 0) -> Iterator[list[np.ndarray]]:
    """Over the whole range of each input's type."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        yield [_random(rng, graph[n].shape, graph[n].dtype) for n in graph.inputs]


def _random(rng: np.random.Generator, shape: Sequence[int], dtype: str) -> np.ndarray:
    if dtype == "float32":
        return rng.normal(0, 2, shape).astype(np.float32)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
