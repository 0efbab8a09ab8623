"""What a threshold means: false accepts an hour and misses, from what the manifest says was measured.

Between two measured thresholds the rates are interpolated; beyond them only a bound is known, because a higher
threshold never hears more. Nothing is guessed: what was not measured is said to be so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from edge.manifest import Manifest

RATES = ("false_accepts_per_hour", "miss_rate")
EQUAL = 5e-4
"""Thresholds nearer than this are the same one."""


@dataclass(frozen=True)
class Measured:
    """One rate at one threshold."""

    threshold: float
    value: float
    interval: tuple[float, float] | None
    size: float | None
    """Hours for false accepts, trials for misses."""


@dataclass(frozen=True)
class Estimate:
    """A rate at a threshold."""

    how: str
    """measured, between (interpolated), at most, at least, or not measured."""
    value: float | None = None
    interval: tuple[float, float] | None = None
    size: float | None = None


NOT_MEASURED = Estimate("not measured")


@dataclass(frozen=True)
class Meaning:
    """Both rates under one condition ("clean", "10 dB")."""

    conditions: str
    shared: bool
    """Counted over all targets together, each at its own threshold, not for this label alone."""
    false_accepts_per_hour: Estimate
    miss_rate: Estimate


def meanings(manifest: Manifest, label: str, threshold: float) -> list[Meaning]:
    """One for each condition that was measured; none when nothing was. Raises KeyError for no target."""
    if label not in manifest.targets:
        raise KeyError(f"{manifest.name} has no target {label!r}; there are {', '.join(manifest.targets)}")
    single = _of_label(manifest, label)
    found = single or _of_all(manifest, label)
    return [
        Meaning(
            conditions,
            shared=not single and len(manifest.targets) > 1,
            false_accepts_per_hour=at(points.get(RATES[0], []), threshold, log=True),
            miss_rate=at(points.get(RATES[1], []), threshold),
        )
        for conditions, points in found.items()
    ]


def at(points: Sequence[Measured], threshold: float, log: bool = False) -> Estimate:
    """The rate at a threshold; ``log``: between two points its logarithm goes straight, where both are above 0."""
    ordered = sorted(points, key=lambda p: p.threshold)
    for point in ordered:
        if abs(point.threshold - threshold) < EQUAL:
            return Estimate("measured", point.value, point.interval, point.size)
    below = [p for p in ordered if p.threshold < threshold]
    above = [p for p in ordered if p.threshold > threshold]
    if below and above:
        return Estimate("between", _between(below[-1], above[0], threshold, log))
    if not ordered:
        return NOT_MEASURED
    # False accepts fall and misses rise with the threshold.
    nearest = below[-1] if below else above[0]
    falls = log
    return Estimate("at most" if bool(below) == falls else "at least", nearest.value, nearest.interval, nearest.size)


def _between(low: Measured, high: Measured, threshold: float, log: bool) -> float:
    share = (threshold - low.threshold) / (high.threshold - low.threshold)
    if log and low.value > 0 and high.value > 0:
        return math.exp((1 - share) * math.log(low.value) + share * math.log(high.value))
    return (1 - share) * low.value + share * high.value


Points = dict[str, dict[str, list[Measured]]]
"""Conditions -> rate -> what was measured."""


def _of_label(manifest: Manifest, label: str) -> Points:
    """Evidence that names the label; and operating points, where the label is the only target."""
    found: Points = {}
    for entry in manifest.evidence:
        if entry.get("label") == label and entry.get("measure") in RATES:
            _add(found, str(entry.get("conditions", "")), str(entry["measure"]), _measured(entry))
    if not found and manifest.targets == [label]:
        return _of_all(manifest, label)
    return found


def _of_all(manifest: Manifest, label: str) -> Points:
    """Operating points, at this label's threshold in them: they hold for all targets at once.

    With several targets only the default one: between two of them every threshold moves, not this one alone.
    """
    found: Points = {}
    for point in manifest.operating_points[: None if manifest.targets == [label] else 1]:
        threshold = point.thresholds.get(label)
        if threshold is None:
            continue
        said: dict[str, tuple[Any, Any, Any]] = {
            RATES[0]: (point.false_accepts_per_hour, point.false_accepts_interval, point.hours),
            RATES[1]: (point.miss_rate, point.miss_interval, point.trials),
        }
        for rate, (value, interval, size) in said.items():
            entry = {"threshold": threshold, "value": value, "interval": interval, "hours": size}
            _add(found, point.conditions, rate, _measured(entry))
    return found


def _add(found: Points, conditions: str, rate: str, point: Measured | None) -> None:
    if point is not None:
        found.setdefault(conditions, {}).setdefault(rate, []).append(point)


def _measured(entry: dict[str, Any]) -> Measured | None:
    """An entry of the evidence; None when it lacks the threshold or the value. Evidence is free text to us."""
    threshold, value, interval = entry.get("threshold"), entry.get("value"), entry.get("interval")
    size = entry.get("hours", entry.get("trials"))
    if not _number(threshold) or not _number(value):
        return None
    return Measured(float(threshold), float(value), _pair(interval), float(size) if _number(size) else None)


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pair(value: Any) -> tuple[float, float] | None:
    pair = isinstance(value, list | tuple) and len(value) == 2 and all(_number(v) for v in value)
    return (float(value[0]), float(value[1])) if pair else None
