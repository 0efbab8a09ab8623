"""What a detector does on a stream: misses, false accepts per hour, delay, and the choice of a threshold.

A trial is a hit if an event lies between the word's onset and .75 s after its offset; every other event is a
false accept, a second one for the same word too. False accepts are counted over the whole stream's hours.
Each threshold of a sweep runs the decision anew, refractory time and release included.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.decide import refractory_steps, simulate, threshold_integer
from edge.manifest import Decision
from training.evaluate.interval import poisson_rate, poisson_upper, wilson
from training.evaluate.stream import Label

TOLERANCE_S = 0.75
# Finer where thresholds of good detectors lie.
THRESHOLDS = tuple(round(i / 100, 2) for i in range(1, 90)) + tuple(round(i / 1000, 3) for i in range(900, 1000))


@dataclass(frozen=True)
class Track:
    """A detector's smoothed scores on a stream, and when each was known."""

    smoothed: np.ndarray
    """int32 [steps], full scale 256 * decision.window_steps."""
    times_s: np.ndarray
    """float64 [steps]: the end of the last sample that the score saw."""
    decision: Decision
    step_ms: int

    def events_s(self, threshold_int: int) -> np.ndarray:
        """Times of the events at a threshold on the scale of the smoothed score."""
        refractory = refractory_steps(self.decision.refractory_ms, self.step_ms)
        return self.times_s[simulate(self.smoothed, threshold_int, refractory, self.decision.release)]


@dataclass(frozen=True)
class Outcome:
    """Events set against labels."""

    hits: int
    misses: list[Label]
    false_accepts_s: list[float]
    delays_s: list[float]
    """Event minus the word's offset; negative where the word was recognised before its end."""

    @property
    def trials(self) -> int:
        return self.hits + len(self.misses)


def match(events_s: Sequence[float] | np.ndarray, labels: Sequence[Label], tolerance_s: float = TOLERANCE_S) -> Outcome:
    """Each event goes to the first open trial whose span it lies in; spans of neighbours may overlap."""
    trials = sorted(labels, key=lambda label: label.onset_s)
    hit: dict[int, float] = {}
    false_accepts = []
    onsets = [t.onset_s for t in trials]
    longest = max((t.offset_s - t.onset_s for t in trials), default=0.0) + tolerance_s
    for event in sorted(float(e) for e in events_s):
        near = range(bisect(onsets, event - longest - 1e-6), bisect(onsets, event + 1e-6))
        open_trial = next((i for i in near if i not in hit and _spans(trials[i], event, tolerance_s)), None)
        if open_trial is None:
            false_accepts.append(event)
        else:
            hit[open_trial] = event - trials[open_trial].offset_s
    misses = [t for i, t in enumerate(trials) if i not in hit]
    return Outcome(len(hit), misses, false_accepts, [hit[i] for i in sorted(hit)])


def _spans(label: Label, event_s: float, tolerance_s: float) -> bool:
    # A nanosecond of slack: times are sums of decimals.
    return label.onset_s - 1e-9 <= event_s <= label.offset_s + tolerance_s + 1e-9


@dataclass(frozen=True)
class Point:
    """One threshold's result with 95 % intervals."""

    threshold: float
    trials: int
    misses: int
    false_accepts: int
    hours: float
    delay_median_s: float | None
    delay_p95_s: float | None

    @property
    def miss_rate(self) -> float | None:
        return self.misses / self.trials if self.trials else None

    @property
    def false_accepts_per_hour(self) -> float:
        return self.false_accepts / self.hours

    @property
    def miss_interval(self) -> list[float]:
        return [round(x, 5) for x in wilson(self.misses, self.trials)]

    @property
    def false_accepts_interval(self) -> list[float]:
        return [round(x, 4) for x in poisson_rate(self.false_accepts, self.hours)]

    def as_json(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "miss_rate": None if self.miss_rate is None else round(self.miss_rate, 5),
            "miss_interval": self.miss_interval,
            "misses": self.misses,
            "trials": self.trials,
            "false_accepts_per_hour": round(self.false_accepts_per_hour, 4),
            "false_accepts_interval": self.false_accepts_interval,
            "false_accepts": self.false_accepts,
            "hours": round(self.hours, 4),
            "delay_median_s": self.delay_median_s,
            "delay_p95_s": self.delay_p95_s,
        }


def measure(
    track: Track, labels: Sequence[Label], hours: float, threshold: float, threshold_int: int | None = None
) -> Point:
    """The result at one threshold; `threshold_int` where another detector's rule is not ours exactly."""
    if threshold_int is None:
        threshold_int = threshold_integer(threshold, track.decision.window_steps)
    outcome = match(track.events_s(threshold_int), labels)
    median, p95 = (None, None)
    if outcome.delays_s:
        median, p95 = (round(float(x), 3) for x in np.quantile(outcome.delays_s, [0.5, 0.95]))
    false_accepts = len(outcome.false_accepts_s)
    return Point(threshold, outcome.trials, len(outcome.misses), false_accepts, hours, median, p95)


def sweep(track: Track, labels: Sequence[Label], hours: float, thresholds: Sequence[float] = THRESHOLDS) -> list[Point]:
    """The detection error trade-off: a point for each threshold, in their order."""
    return [measure(track, labels, hours, threshold) for threshold in thresholds]


def choose(sweeps: Sequence[Sequence[Point]], budget: float) -> float | None:
    """Lowest threshold from which on every stream stays within ``budget`` false accepts per hour.

    "From which on": a sweep need not fall evenly, and a lucky threshold below a bad one is no choice.
    None where even the highest threshold is above the budget.
    """
    chosen = None
    for points in zip(*(reversed(s) for s in sweeps), strict=True):
        if any(p.false_accepts_per_hour > budget for p in points):
            break
        chosen = points[0].threshold
    return chosen


def assurance(points: Sequence[Point], budget: float) -> str | None:
    """Why the budget is not yet shown to hold at this point, None where it is (one-sided 95 %)."""
    worst = max(points, key=lambda p: poisson_upper(p.false_accepts, p.hours))
    upper = poisson_upper(worst.false_accepts, worst.hours)
    if upper <= budget:
        return None
    return (
        f"{worst.false_accepts} false accepts in {worst.hours:.2f} h show at most {upper:.2f} an hour, not "
        f"{budget:g}; {3 / budget:.1f} h without one would: give more background"
    )
