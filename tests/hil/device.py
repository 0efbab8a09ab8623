"""A board with a model on it, and what it is to agree with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from daemon import RATE_HZ, Heard, hear

from converters.compile import Source, open_source
from edge.board import Board
from edge.frontend import Frontend
from edge.link import Link
from edge.manifest import Bundle, open_bundle

LEAD_S, TRAIL_S = 1.9, 0.1
"""Of the cut for slow boards around the first event: time to warm up, and one step more."""


@dataclass(frozen=True)
class Device:
    board: Board
    model: str
    kitchen: np.ndarray
    """int16 [n], 16 kHz"""
    link: Callable[[], Link]
    """Another connection; there is one at a time."""
    power: Callable[[bool], None] | None
    """Off and on; None for a board whose cable somebody would have to pull."""

    @cached_property
    def bundle(self) -> Bundle:
        return open_bundle(self.model)

    @cached_property
    def source(self) -> Source:
        return open_source(self.model)

    @property
    def name(self) -> str:
        return self.bundle.manifest.name

    def daemon(self, samples: np.ndarray) -> list[Heard]:
        """What `nuthatch listen` hears of it."""
        return hear(self.bundle, self.source, samples)

    def frames(self, samples: np.ndarray) -> np.ndarray:
        """int8 [steps, step_frames, bands] of the host's front end."""
        manifest = self.bundle.manifest
        assert manifest.stream is not None
        made = Frontend(manifest.frontend).push_features(samples)
        steps = len(made) // manifest.stream.step_frames
        return made[: steps * manifest.stream.step_frames].reshape(steps, -1, manifest.frontend.bands)

    @cached_property
    def recording(self) -> np.ndarray:
        """All of the kitchen where that is quick, else what is around the first event."""
        if self.board.target == "host":
            return self.kitchen
        first = self.daemon(self.kitchen)[0][0]
        return self.kitchen[max(0, first - int(LEAD_S * RATE_HZ)) : first + int(TRAIL_S * RATE_HZ)]
