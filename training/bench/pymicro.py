"""The rival on our streams: pymicro-wakeword with its own model, threshold and window.

Its scores are summed as ours are, so that hits, refractory time and release are counted by the same code.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from edge.manifest import Decision
from training.evaluate.detection import Track

NAME = "pymicro-wakeword"
BLOCK = 3_200
"""Samples a call takes, as the daemon reads files: 200 ms."""
WINDOW, HOP, RATE_HZ = 480, 160, 16_000
"""Its front end's, in samples; the first feature is complete after the window."""


class AbsentError(Exception):
    """The rival cannot be run here; one line with the remedy."""


def words() -> list[str]:
    """Wake words that it brings a model for; none where it is not installed."""
    try:
        from pymicro_wakeword import Model
    except ImportError:
        return []
    return [m.value for m in Model]


def detector(word: str) -> Any:
    """Its detector of that word."""
    if word not in words():
        known = ", ".join(words()) or "none; pip install pymicro-wakeword (x86-64)"
        raise AbsentError(f"{NAME}: no model of {word!r}; it has: {known}")
    from pymicro_wakeword import MicroWakeWord, Model

    return MicroWakeWord.from_builtin(Model(word))


def threshold_integer(cutoff: float, window_steps: int) -> int:
    """Smallest sum of scores whose mean is above the cutoff: it wants more than, we want at least."""
    return math.floor(round(cutoff * 256 * window_steps, 6)) + 1


def pymicro_track(audio: np.ndarray, word: str, decision: Decision) -> tuple[Track, float, int]:
    """Its track on int16 [n], its own threshold, and that on the scale of the track.

    Refractory time and release come from `decision`: it has none of its own.
    """
    from pymicro_wakeword import MicroWakeWordFeatures

    network, front_end = detector(word), MicroWakeWordFeatures()
    window = network.sliding_window_size
    sums = []
    frames = 0
    for start in range(0, len(audio), BLOCK):
        for feature in front_end.process_streaming(audio[start : start + BLOCK].tobytes()):
            mean = network.process_streaming_prob(feature)
            frames += 1
            if frames % network.stride == 0:  # between strides it answers 0 without a run of the network
                sums.append(round(mean * 256 * window))
    # The score of step i has seen (i + 1) * stride frames.
    seen = (np.arange(len(sums)) + 1) * network.stride
    track = Track(
        np.array(sums, np.int32),
        ((seen - 1) * HOP + WINDOW) / RATE_HZ,
        dataclasses.replace(decision, window_steps=window),
        network.stride * HOP * 1000 // RATE_HZ,
    )
    return track, network.probability_cutoff, threshold_integer(network.probability_cutoff, window)


def file_bytes(word: str) -> int:
    """Size of its model."""
    return Path(detector(word).model_path.decode()).stat().st_size
