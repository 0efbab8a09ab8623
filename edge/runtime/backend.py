"""The backends that run a bundle's step graph: each a file beside this one with ``open_stream``, none listed."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import edge.runtime
from edge.manifest import Bundle
from edge.runtime.error import ModelFileError

DEFAULT = "litert"
_NO_BACKENDS = {"backend", "error"}


class StepGraph(Protocol):
    """A step graph with its state: int8 ``[step_frames, bands]`` in, int8 ``[labels]`` out."""

    step_frames: int
    bands: int
    labels: int

    def reset(self) -> None:
        """Begin a new stream."""

    def step(self, frames: NDArray[np.int8]) -> NDArray[np.int8]:
        """One step; the scores are a copy."""


def backends() -> list[str]:
    """Their names."""
    return sorted(m.name for m in pkgutil.iter_modules(edge.runtime.__path__) if m.name not in _NO_BACKENDS)


def open_stream(bundle: Bundle, backend: str = DEFAULT, threads: int = 1) -> StepGraph:
    """The bundle's step graph; only the backend asked for is imported. Raises ModelFileError or BundleError."""
    if backend not in backends():
        raise ModelFileError(f"no backend {backend!r}; there are {', '.join(backends())}")
    opened: StepGraph = importlib.import_module(f"edge.runtime.{backend}").open_stream(bundle, threads)
    return opened
