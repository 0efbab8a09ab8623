"""What a task that hears is to its listener."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.frontend.config import FrontendConfig
from edge.tasks.event import Event


class SoundTask(Protocol):
    """One model on one audio stream; it counts the frames, so it knows the time."""

    name: str
    frontend: FrontendConfig

    @property
    def tail_samples(self) -> int:
        """Samples of silence after which nothing of the audio before them is left in a score."""
        ...

    def reset(self) -> None:
        """Begin a new stream at time 0."""
        ...

    def push(self, features: NDArray[np.int8]) -> list[Event]:
        """Frames int8 [n, bands], any n -> the events they complete, in order."""
        ...
