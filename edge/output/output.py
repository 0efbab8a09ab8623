"""What every output is to its watcher."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.source.frame import Frame

View = NDArray[np.uint8]
"""uint8 [H, W, 3], or [H, W] where it is grey."""


class Output(Protocol):
    """Opened by its constructor; both raise OutputError."""

    def __call__(self, view: View, frame: Frame) -> None:
        """``frame`` is what was looked at: its name, number and time."""
        ...

    def close(self) -> None:
        """What was given is whole; a second call does nothing."""
        ...
