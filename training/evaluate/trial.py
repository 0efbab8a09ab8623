"""A detector's threshold chosen on one part of the recordings and its result reported on another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.manifest import Manifest, OperatingPoint
from training.evaluate.detection import Point, Track, assurance, choose, measure, sweep
from training.evaluate.material import Material
from training.evaluate.stream import Rules, Stream, build

Detector = Callable[[np.ndarray], Track]
"""int16 [n] -> the track of its smoothed scores."""


class BudgetError(Exception):
    """No threshold keeps within the false accepts allowed; one line with the numbers and the remedy."""


@dataclass(frozen=True)
class Result:
    """One stream's result at the threshold, and the whole trade-off."""

    conditions: str
    point: Point
    sweep: list[Point]
    composition: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"conditions": self.conditions, **self.point.as_json(), "stream": self.composition}


def streams(material: Material, snrs_db: Iterable[float], rules: Rules, seed: int) -> dict[str, Stream]:
    """The same layout clean and at each signal-to-noise ratio, by the name of the condition."""
    conditions: dict[str, float | None] = {"clean": None} | {f"{snr:g} dB": snr for snr in snrs_db}
    return {
        name: build(
            material.keywords,
            material.background,
            material.noise,
            dataclasses.replace(rules, snr_db=snr),
            seed,
        )
        for name, snr in conditions.items()
    }


def calibrate(detector: Detector, parts: dict[str, Stream], budget: float) -> tuple[float, str | None]:
    """The lowest threshold within the budget on every stream, and what is lacking to be sure of it."""
    sweeps = [sweep(detector(s.audio), s.labels, s.hours) for s in parts.values()]
    threshold = choose(sweeps, budget)
    if threshold is None:
        least = max(points[-1].false_accepts_per_hour for points in sweeps)
        raise BudgetError(
            f"no threshold stays within {budget:g} false accepts per hour: {least:.2f} at the highest; "
            "raise --budget or train with more background"
        )
    chosen = [next(p for p in points if p.threshold == threshold) for points in sweeps]
    return threshold, assurance(chosen, budget)


def report(detector: Detector, parts: dict[str, Stream], threshold: float) -> list[Result]:
    """The result of every stream at one threshold."""
    results = []
    for conditions, stream in parts.items():
        track = detector(stream.audio)
        point = measure(track, stream.labels, stream.hours, threshold)
        curve = sweep(track, stream.labels, stream.hours)
        results.append(Result(conditions, point, curve, stream.composition))
    return results


def with_operating_point(manifest: Manifest, target: str, name: str, results: Sequence[Result], data: str) -> Manifest:
    """The manifest with this operating point, its figures those of the hardest stream, and the evidence.

    A point of the same name is replaced; a new one comes first and is then the default.
    """
    hardest = max(results, key=lambda r: (r.point.miss_rate or 0.0, r.point.false_accepts_per_hour))
    # Other targets keep their thresholds: the decision wants one for each.
    before = next((p for p in manifest.operating_points if p.name == name), None)
    before = before or next(iter(manifest.operating_points), None)
    point = OperatingPoint(
        name,
        {**(before.thresholds if before else {}), target: hardest.point.threshold},
        f"{hardest.conditions}; threshold chosen on other clips; {data}",
        round(hardest.point.false_accepts_per_hour, 4),
        hardest.point.false_accepts_interval,
        round(hardest.point.hours, 4),
        None if hardest.point.miss_rate is None else round(hardest.point.miss_rate, 5),
        hardest.point.miss_interval,
        hardest.point.trials,
    )
    points = [point if p.name == name else p for p in manifest.operating_points]
    points = points if point in points else [point, *points]
    new = [e for r in results for e in _evidence(r, target, name, data)]
    return dataclasses.replace(manifest, operating_points=points, evidence=merged_evidence(manifest.evidence, new))


def merged_evidence(old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """New results in place of old ones of the same measure, data, conditions and operating point."""

    def key(entry: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(entry.get(k) for k in ("measure", "data", "conditions", "operating_point"))

    replaced = {key(e) for e in new}
    return [*(e for e in old if key(e) not in replaced), *new]


def _evidence(result: Result, target: str, name: str, data: str) -> list[dict[str, Any]]:
    found = result.point.as_json()
    shared = {
        "data": data,
        "conditions": result.conditions,
        "operating_point": name,
        "label": target,
        "threshold": result.point.threshold,
    }
    kept = {
        "miss_rate": ("miss_interval", "trials", "delay_median_s", "delay_p95_s"),
        "false_accepts_per_hour": ("false_accepts_interval", "hours"),
    }
    return [
        {"measure": measure, "value": found[measure], "interval": found[interval]}
        | {k: found[k] for k in more}
        | shared
        for measure, (interval, *more) in kept.items()
    ]
