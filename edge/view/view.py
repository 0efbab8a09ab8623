"""What a view is: a module of this folder with ``View``; ``cover`` decides beforehand what it must hide."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import edge.view

_NO_VIEWS = {"view", "cover"}

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Shot:
    """A frame, and what may not be seen of it."""

    rgb: Bytes
    """uint8 [H, W, 3]"""
    hidden: Bytes
    """uint8 [H, W]: 255 where nothing of the frame may be seen, 0 where it is shown as it is."""
    person: Bytes
    """uint8 [H, W]: the person's probability of 255; 0 everywhere if it is not known."""


@dataclass(frozen=True)
class Options:
    """What the user may choose about a view."""

    hide: str = "person"
    """person or background."""
    background: Path | None = None
    """A picture instead of what is hidden."""


class Viewer(Protocol):
    """Made once from Options; raises SourceError for a background that cannot be read."""

    def __call__(self, shot: Shot) -> Bytes:
        """uint8 [H, W, 3], or [H, W] for a view that is grey."""
        ...


def views() -> list[str]:
    """Their names."""
    return sorted(m.name for m in pkgutil.iter_modules(edge.view.__path__) if m.name not in _NO_VIEWS)


def open_view(name: str, options: Options) -> Viewer:
    """One of ``views()``."""
    viewer: Viewer = importlib.import_module(f"edge.view.{name}").View(options)
    return viewer
