"""What every source is to its listener."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000

Samples = NDArray[np.int16]


class Source(Protocol):
    """Blocks of int16 mono samples [n] at 16 kHz; the audio clock is the number of samples given so far.

    A source is opened by its constructor, which raises SourceError, and is used once.
    """

    def __iter__(self) -> Iterator[Samples]:
        """Blocks of any size, until the audio ends; raises SourceError if it breaks off."""
        ...

    def close(self) -> None:
        """Let go of the file or device; a second call does nothing."""
        ...
