"""Scores of windows to one state, in integers only: a board's C (nh_scene) gives the same states.

The smoothed score is the sum of the last ``smooth_windows`` scores (0..255 each); ``enter`` and ``leave`` are
compared on the scale ``256 * smooth_windows``. Before so many windows were heard, those that were count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.decide.keyword import ONE, threshold_integer
from edge.manifest import Scene

UNKNOWN = "unknown"
"""The state when no label is sure enough."""


class SceneDecider:
    """State of the decision for one stream; only ``targets`` become states.

    Raises ValueError for thresholds outside (0, 1] or a target that is no label.
    """

    def __init__(self, labels: Sequence[str], targets: Sequence[str], scene: Scene) -> None:
        self.labels = list(labels)
        missing = [t for t in targets if t not in self.labels]
        if missing or not targets:
            raise ValueError(f"targets {list(targets)}: {missing or 'none'}; give some of the labels")
        self.smooth_windows = scene.smooth_windows
        self.enter = threshold_integer(scene.enter, scene.smooth_windows)
        self.leave = threshold_integer(scene.leave, scene.smooth_windows)
        self._targets = [self.labels.index(t) for t in targets]
        self.reset()

    def reset(self) -> None:
        """Forget all windows; the state is unknown."""
        self._recent = np.zeros((self.smooth_windows, len(self.labels)), np.int32)
        self.sums: NDArray[np.int32] = np.zeros(len(self.labels), np.int32)
        """int32 [labels], full scale ``256 * heard``."""
        self.heard = 0
        """Windows in ``sums``: at most ``smooth_windows``."""
        self._oldest = 0
        self._state: int | None = None

    @property
    def state(self) -> str:
        """One of the targets, or UNKNOWN."""
        return UNKNOWN if self._state is None else self.labels[self._state]

    @property
    def score(self) -> float:
        """Smoothed score of the state, or of the best target while the state is unknown: 0 to 1."""
        return self._share(self._best() if self._state is None else self._state)

    @property
    def smoothed(self) -> dict[str, float]:
        """Smoothed score of every target, 0 to 1."""
        return {self.labels[t]: self._share(t) for t in self._targets}

    def update(self, scores: NDArray[np.uint8] | None) -> bool:
        """Take the scores of one window, uint8 [labels], or None for a window of silence; is the state another?"""
        self._accumulate(scores)
        before = self._state
        if before is not None and not self._reaches(before, self.leave):
            self._state = None
        if self._state is None and self._reaches(self._best(), self.enter):
            self._state = self._best()
        return self._state != before

    def _accumulate(self, scores: NDArray[np.uint8] | None) -> None:
        oldest = self._recent[self._oldest]
        self.sums -= oldest
        oldest[:] = 0 if scores is None else scores
        self.sums += oldest
        self._oldest = (self._oldest + 1) % self.smooth_windows
        self.heard = min(self.heard + 1, self.smooth_windows)

    def _best(self) -> int:
        """The target with the highest score; of equal ones the first."""
        return max(self._targets, key=lambda t: int(self.sums[t]))

    def _reaches(self, label: int, threshold: int) -> bool:
        return int(self.sums[label]) * self.smooth_windows >= threshold * self.heard

    def _share(self, label: int) -> float:
        return int(self.sums[label]) / (ONE * max(1, self.heard))
