"""From which smoothed probability on a scene's label is to be believed.

Streams are heard as the daemon hears them: a window every hop, probabilities averaged over the last few windows, of
which the best label's is compared with the threshold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import Manifest
from edge.runtime.litert import LiteRtModel
from training.evaluate.interval import clustered

RIGHT, NAMED = 0.9, 0.02
GRID = tuple(round(0.3 + 0.05 * i, 2) for i in range(14))
LEAVE = 0.7
"""Of `enter`."""
RULE = (
    f"Rule: the lowest of {GRID[0]:g}, {GRID[1]:g}, ... {GRID[-1]:g} at which {RIGHT:.0%} of the named windows of the "
    f"classes are right and at most {NAMED:.0%} of speech, every folder counting the same, is named; the highest where "
    "none does both. Noise is counted and not ruled out: a tap is rain to a microphone."
)


@dataclass(frozen=True)
class Stream:
    """What a network said while a sound went on."""

    name: str
    best: np.ndarray
    """int [windows]: the label with the highest smoothed probability"""
    value: np.ndarray
    """float [windows]: that probability"""
    truth: int | None
    """The label that it is; None: none of them."""
    seconds: float
    speech: bool = False
    threshold: float = 0.0


@dataclass(frozen=True)
class Fold:
    """One network on the sounds of its test fold and on other sound."""

    scenes: list[Stream]
    calibration: list[Stream]
    test: list[Stream]


@dataclass(frozen=True)
class Choice:
    """Thresholds for the network that ships, and crosswise what such a choice does."""

    enter: float
    leave: float
    crosswise: list[float]
    """Of each fold: chosen on the other folds."""
    scenes: list[Stream]
    """At the crosswise thresholds, of all folds."""
    others: list[Stream]
    rule: str = RULE


def smoothed(probabilities: np.ndarray, windows: int) -> np.ndarray:
    """float [n, labels] -> the mean of up to `windows` last rows at each row."""
    total = np.cumsum(np.vstack([np.zeros((1, probabilities.shape[1])), probabilities]), axis=0)
    ends = np.arange(1, len(probabilities) + 1)
    first = np.maximum(ends - windows, 0)
    return np.asarray((total[ends] - total[first]) / (ends - first)[:, None])


def stream_of(
    name: str, audio: np.ndarray, manifest: Manifest, network: LiteRtModel, truth: int | None = None,
    speech: bool = False,
) -> Stream:  # fmt: skip
    """int16 [n] through the front end, the network and the smoothing; empty for sound shorter than a window."""
    scene, frames = manifest.scene, features(audio, manifest.frontend)
    assert scene is not None
    size, hop = manifest.window_frames, scene.hop_frames
    ends = range(-(-size // hop) * hop, len(frames) + 1, hop)
    scale, zero = manifest.output.scale, manifest.output.zero_point
    rows = [(network.run(frames[e - size : e]).astype(float) - zero) * scale for e in ends]
    probabilities = smoothed(np.array(rows).reshape(-1, len(manifest.labels)), scene.smooth_windows)
    seconds = len(audio) / manifest.frontend.sample_rate_hz
    return Stream(name, probabilities.argmax(1), probabilities.max(1, initial=0.0), truth, seconds, speech)


def choose(scenes: Sequence[Stream], others: Sequence[Stream]) -> float:
    """By RULE."""
    return next((t for t in GRID if _right(scenes, t) >= RIGHT and _named(others, t) <= NAMED), GRID[-1])


def _right(scenes: Sequence[Stream], threshold: float) -> float:
    named = [(s.best == s.truth)[s.value >= threshold] for s in scenes]
    found = np.concatenate(named) if named else np.zeros(0)
    return float(found.mean()) if len(found) else 1.0


def _named(others: Sequence[Stream], threshold: float) -> float:
    """Of speech; the mean over its folders, however long each of them is."""
    folders = by_name([s for s in others if s.speech]).values()
    shares = [np.concatenate([s.value for s in own]) >= threshold for own in folders]
    return float(np.mean([x.mean() for x in shares if len(x)] or [0.0]))


def crosswise(folds: Sequence[Fold]) -> Choice:
    """Choose on all folds; report each one at the threshold of the others."""
    thresholds, scenes, others = [], list[Stream](), list[Stream]()
    for i, fold in enumerate(folds):
        rest = [f for k, f in enumerate(folds) if k != i]
        threshold = choose([s for f in rest for s in f.scenes], [s for f in rest for s in f.calibration])
        thresholds.append(threshold)
        scenes += [_at(s, threshold) for s in fold.scenes]
        others += [_at(s, threshold) for s in fold.test]
    enter = choose([s for f in folds for s in f.scenes], [s for f in folds for s in f.calibration])
    return Choice(enter, round(LEAVE * enter, 2), thresholds, scenes, others)


def _at(stream: Stream, threshold: float) -> Stream:
    return dataclasses.replace(stream, threshold=threshold)


def by_name(streams: Sequence[Stream]) -> dict[str, list[Stream]]:
    return {name: [s for s in streams if s.name == name] for name in dict.fromkeys(s.name for s in streams)}


def rates(streams: Sequence[Stream]) -> dict[str, Any]:
    """Share of the windows that is named, its interval by stream, and the share of these that is right."""
    named = [s.value >= s.threshold for s in streams]
    flat = np.concatenate(named)
    clusters = [i for i, n in enumerate(named) for _ in range(len(n))]
    low, high = clustered(flat.tolist(), clusters)
    right = [(s.best == s.truth)[n] for s, n in zip(streams, named, strict=True) if s.truth is not None]
    found = np.concatenate(right) if right else np.zeros(0)
    return {
        "value": round(float(flat.mean()), 5),
        "interval": [round(low, 5), round(high, 5)],
        "windows": len(flat),
        "right": round(float(found.mean()), 5) if len(found) else None,
    }
