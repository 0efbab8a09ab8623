"""Keyword scores to events, in integers only: every port (C on a board, numpy here) gives the same events.

The smoothed score is the sum of the last ``window_steps`` scores (0..255 each), so its full scale is
``256 * window_steps``; thresholds are compared on that scale and nothing is divided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.manifest import Decision

ONE = 256
"""Full scale of one score: the output's scale is 1/256."""
_EVER_FIRED_BEFORE = -(1 << 62)


def _ceil(value: float) -> int:
    """Smallest integer >= value; a threshold written as k / scale must come back as k despite rounding."""
    return math.ceil(round(value, 6))


def threshold_integer(threshold: float, window_steps: int) -> int:
    """Threshold in (0, 1] -> the smallest sum of ``window_steps`` scores that reaches it.

    Raises ValueError outside (0, 1].
    """
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold {threshold:g} is outside (0, 1]; take one between .01 and .99")
    return max(1, _ceil(threshold * ONE * window_steps))


def release_integer(threshold_int: int, release: float) -> int:
    """A label is released once its smoothed score is less than this; raises ValueError outside (0, 1]."""
    if not 0.0 < release <= 1.0:
        raise ValueError(f"release {release:g} is outside (0, 1]; take .5")
    return max(1, _ceil(release * threshold_int))


def refractory_steps(refractory_ms: int, step_ms: int) -> int:
    """Steps from one event of a label to the earliest next one (at least 1)."""
    return max(1, -(-refractory_ms // step_ms))


class KeywordDecider:
    """State of the decision for one stream.

    ``thresholds`` has a float in (0, 1] for each target. The first ``warmup_steps`` scores after a reset
    count as 0: the network's state is not yet filled then, so they say nothing.
    """

    def __init__(
        self,
        labels: Sequence[str],
        targets: Sequence[str],
        thresholds: Mapping[str, float],
        decision: Decision,
        step_ms: int,
        warmup_steps: int = 0,
    ) -> None:
        missing = [t for t in targets if t not in thresholds or t not in labels]
        if missing:
            raise ValueError(f"target {missing[0]!r} has no threshold or is no label; give both")
        self.labels = list(labels)
        self.window_steps = decision.window_steps
        self.warmup_steps = warmup_steps
        self.refractory_steps = refractory_steps(decision.refractory_ms, step_ms)
        self._target_index = [self.labels.index(t) for t in targets]
        self._threshold = [threshold_integer(thresholds[t], self.window_steps) for t in targets]
        self._release = [release_integer(t, decision.release) for t in self._threshold]
        self._release_share = decision.release
        self.reset()

    def reset(self) -> None:
        """Forget all scores and events."""
        self._recent = np.zeros((self.window_steps, len(self.labels)), np.int32)
        self.sums: NDArray[np.int32] = np.zeros(len(self.labels), np.int32)
        """Smoothed scores, int32 [labels], full scale ``256 * window_steps``."""
        self.step = 0
        self._released = [True] * len(self._target_index)
        self._fired_at = [_EVER_FIRED_BEFORE] * len(self._target_index)

    def set_threshold(self, target: str, threshold: float) -> None:
        """From the next step on. Raises ValueError for what is no target, or a threshold outside (0, 1]."""
        indices = [k for k, index in enumerate(self._target_index) if self.labels[index] == target]
        if not indices:
            raise ValueError(f"{target!r} is no target; there are {[self.labels[i] for i in self._target_index]}")
        value = threshold_integer(threshold, self.window_steps)
        self._threshold[indices[0]], self._release[indices[0]] = value, release_integer(value, self._release_share)

    @property
    def smoothed(self) -> NDArray[np.float32]:
        """Smoothed scores as fractions, float32 [labels]."""
        return self.sums.astype(np.float32) / np.float32(ONE * self.window_steps)

    def update(self, scores: NDArray[np.uint8]) -> list[tuple[str, int]]:
        """Take one row of scores, uint8 [labels]; return what fires now: at most one (label, sum)."""
        self._accumulate(scores)
        best, best_sum = -1, 0
        sums = self.sums.tolist()
        for k, index in enumerate(self._target_index):
            value = sums[index]
            if value < self._release[k]:
                self._released[k] = True
            elif value > best_sum and value >= self._threshold[k] and self._may_fire(k):
                best, best_sum = k, value
        self.step += 1
        return [] if best < 0 else [self._fire(best, best_sum)]

    def _accumulate(self, scores: NDArray[np.uint8]) -> None:
        oldest = self._recent[self.step % self.window_steps]
        self.sums -= oldest
        oldest[:] = scores if self.step >= self.warmup_steps else 0
        self.sums += oldest

    def _may_fire(self, k: int) -> bool:
        return self._released[k] and self.step - self._fired_at[k] >= self.refractory_steps

    def _fire(self, k: int, value: int) -> tuple[str, int]:
        self._released[k] = False
        self._fired_at[k] = self.step - 1  # update() has already counted this step
        return self.labels[self._target_index[k]], value


def smooth(scores: NDArray[np.uint8], window_steps: int, warmup_steps: int = 0) -> NDArray[np.int32]:
    """All smoothed scores of a recording at once: uint8 [n, labels] -> int32 [n, labels].

    Equal to ``KeywordDecider.sums`` after each row; the first ``warmup_steps`` rows count as 0.
    """
    # int64: the running sum of weeks of audio passes 2**31
    total = np.zeros((len(scores) + 1, scores.shape[1]), np.int64)
    np.cumsum(scores, axis=0, dtype=np.int64, out=total[1:])
    total -= total[min(warmup_steps, len(scores))]
    total[:warmup_steps] = 0
    start = np.maximum(np.arange(len(scores)) + 1 - window_steps, 0)
    sums: NDArray[np.int32] = (total[1:] - total[start]).astype(np.int32)
    return sums


def simulate(
    smoothed: NDArray[np.int32], threshold_int: int, refractory_steps: int, release: float
) -> NDArray[np.int64]:
    """Steps at which one label fires: int32 [n] -> int64 [events].

    Exactly what ``KeywordDecider`` does with that label alone (with several targets it fires at most one
    a step), in time that grows with the events rather than with the steps.
    """
    above = np.flatnonzero(smoothed >= threshold_int)
    below = np.flatnonzero(smoothed < release_integer(threshold_int, release))
    events: list[int] = []
    earliest = 0
    while (i := int(np.searchsorted(above, earliest))) < len(above):
        now = int(above[i])
        events.append(now)
        j = int(np.searchsorted(below, now))
        if j == len(below):
            break
        earliest = max(now + refractory_steps, int(below[j]))
    return np.asarray(events, np.int64)
