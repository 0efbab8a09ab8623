"""What every source of pictures is to its watcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""uint8 [H, W, 3], red first, contiguous, the right way up."""

Say = Callable[[str], None]
"""Is told, in one line, of what a source met and survived."""


@dataclass(frozen=True)
class Frame:
    """One picture."""

    rgb: Rgb
    time_s: float
    """Since the source was opened; of a video file: since its first picture, on the file's clock."""
    number: int
    """From 0, without gaps where the source gives them: what is dropped later leaves gaps."""
    name: str = ""
    """Of a picture that is a file: its path in the folder."""


class Pictures(Protocol):
    """Frames, in the order of time. Opened by its constructor, which raises SourceError; used once."""

    @property
    def skipped(self) -> int:
        """Pictures that were met and cannot be read; ``say`` was told."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Until the pictures end or the source is closed; raises SourceError if they break off."""
        ...

    def close(self) -> None:
        """Let go of the file or device; from any thread; a second call does nothing."""
        ...
