"""The backends that run a bundle's graphs: each a file beside this one, none listed.

``open_stream`` gives a step graph, ``open_window`` an offline one, ``open_picture`` a network for pictures; a backend
may lack some.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, Protocol

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


class PictureGraph(Protocol):
    """A network for pictures: int8 ``[height, width, 3]`` in, int8 ``[height, width]`` out."""

    height: int
    width: int

    def run(self, pixels: NDArray[np.int8]) -> NDArray[np.int8]:
        """RGB, each less 128 -> the probability of each pixel in 1/256 from -128; a copy."""


class WindowGraph(Protocol):
    """An offline graph: int8 ``[window_frames, bands]`` in, int8 ``[labels]`` out; no state."""

    input_shape: tuple[int, ...]
    labels: int

    def run(self, features: NDArray[np.int8]) -> NDArray[np.int8]:
        """Scores of one window."""


def backends() -> list[str]:
    """Their names."""
    return sorted(m.name for m in pkgutil.iter_modules(edge.runtime.__path__) if m.name not in _NO_BACKENDS)


def open_stream(bundle: Bundle, backend: str = DEFAULT, threads: int = 1) -> StepGraph:
    """The bundle's step graph; only the backend asked for is imported. Raises ModelFileError or BundleError."""
    opened: StepGraph = _opener(backend, "open_stream")(bundle, threads)
    return opened


def open_window(bundle: Bundle, backend: str = DEFAULT, threads: int = 1) -> WindowGraph:
    """The bundle's offline graph; errors as ``open_stream``."""
    opened: WindowGraph = _opener(backend, "open_window")(bundle, threads)
    return opened


def open_picture(bundle: Bundle, backend: str = DEFAULT, threads: int = 1) -> PictureGraph:
    """The bundle's network for pictures; errors as ``open_stream``."""
    opened: PictureGraph = _opener(backend, "open_picture")(bundle, threads)
    return opened


def _opener(backend: str, name: str) -> Callable[[Bundle, int], Any]:
    if backend not in backends():
        raise ModelFileError(f"no backend {backend!r}; there are {', '.join(backends())}")
    opener = getattr(importlib.import_module(f"edge.runtime.{backend}"), name, None)
    if opener is None:
        raise ModelFileError(f"backend {backend!r} has no {name}; {DEFAULT} has")
    found: Callable[[Bundle, int], Any] = opener
    return found
