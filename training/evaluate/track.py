"""A bundle's smoothed scores over a whole recording, with the numbers of the daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edge.decide import smooth
from edge.frontend.config import FrontendConfig
from edge.manifest import Bundle, BundleError, Manifest
from training.evaluate.detection import Track

BLOCK_FRAMES = 6_000
"""Frames whose features are in memory at once."""


def bundle_track(bundle: Bundle, audio: np.ndarray, target: str) -> Track:
    """One target's track on int16 [n] through the C front end and the step graph."""
    from edge.runtime.litert import LiteRtStream

    check_target(bundle.manifest, target)
    stream = LiteRtStream(bundle.file("stream.tflite"))
    rows = scores(audio, bundle.manifest.frontend, stream.step, stream.step_frames, stream.labels)
    return track_of(rows, bundle.manifest, target)


def check_target(manifest: Manifest, target: str) -> None:
    """Raises BundleError for a label that makes no events."""
    if target not in manifest.targets:
        known = ", ".join(manifest.targets) or "none"
        raise BundleError(f"{manifest.name}: {target!r} is no target of this model; its targets are: {known}")


def scores(
    audio: np.ndarray,
    config: FrontendConfig,
    step: Callable[[np.ndarray], np.ndarray],
    step_frames: int,
    labels: int,
) -> np.ndarray:
    """uint8 [steps, labels]: the score of every step, 0..255."""
    rows = np.empty((config.frames(len(audio)) // step_frames, labels), np.uint8)
    for row, frames in zip(rows, _steps(audio, config, step_frames), strict=True):
        row[:] = step(frames).astype(np.int16) + 128
    return rows


def track_of(rows: np.ndarray, manifest: Manifest, target: str) -> Track:
    """Score rows uint8 [steps, labels] -> the track of one target."""
    if manifest.stream is None:
        raise BundleError(f"{manifest.name}: has no stream graph; convert it with a causal model")
    step_frames, config = manifest.stream.step_frames, manifest.frontend
    # The score of step i has seen (i + 1) * step_frames frames.
    warmup_steps = max(0, -(-manifest.stream.warmup_frames // step_frames) - 1)
    smoothed = smooth(rows, manifest.decision.window_steps, warmup_steps)[:, manifest.labels.index(target)]
    frames = (np.arange(len(rows)) + 1) * step_frames
    times_s = ((frames - 1) * config.hop_samples + config.window_samples) / config.sample_rate_hz
    return Track(np.ascontiguousarray(smoothed), times_s, manifest.decision, manifest.step_ms)


def _steps(audio: np.ndarray, config: FrontendConfig, step_frames: int) -> Iterator[np.ndarray]:
    """int8 [step_frames, bands] pieces; frames are independent, so blocks of them equal the whole."""
    from edge.frontend import features

    block = BLOCK_FRAMES // step_frames * step_frames
    total = config.frames(len(audio)) // step_frames * step_frames
    for first in range(0, total, block):
        count = min(block, total - first)
        start = first * config.hop_samples
        rows = features(audio[start : start + config.samples(count)], config)
        yield from rows.reshape(-1, step_frames, config.bands)
