"""How fast the front end is: seconds of sound per second of one thread."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.frontend.config import FrontendConfig
from edge.frontend.native import Frontend, log_mel

CLIP_S = 10


def measure(seconds: float = 1.0) -> dict[str, float]:
    """Times real time in one thread, each way measured for that many seconds of wall clock.

    ``clip``: whole clips of 10 s, default configuration; ``push``: the same clip in pushes of 10 ms;
    ``pymicro_features``: the rival (TFLite Micro's front end, 30 ms window, 10 ms hop, 40 bands), also in
    steps of 10 ms, only if it is importable.
    """
    config = FrontendConfig()
    rng = np.random.default_rng(0)
    clip = rng.integers(-8000, 8000, CLIP_S * config.sample_rate_hz).astype(np.int16)
    ways = {"clip": lambda: log_mel(clip, config), "push": _pushes(clip, config)}
    rival = _rival(clip)
    if rival is not None:
        ways["pymicro_features"] = rival
    return {name: _times_real_time(run, seconds) for name, run in ways.items()}


def _pushes(clip: NDArray[np.int16], config: FrontendConfig) -> Callable[[], object]:
    chunks = np.split(clip, range(config.hop_samples, len(clip), config.hop_samples))
    frontend = Frontend(config)
    return lambda: [frontend.push_features(chunk) for chunk in chunks]


def _rival(clip: NDArray[np.int16]) -> Callable[[], object] | None:
    try:
        from pymicro_features import MicroFrontend
    except ImportError:
        return None
    frontend = MicroFrontend()
    chunks = [chunk.tobytes() for chunk in np.split(clip, range(160, len(clip), 160))]
    return lambda: [frontend.process_samples(chunk) for chunk in chunks]


def _times_real_time(run: Callable[[], object], seconds: float) -> float:
    """The best of the runs that fit: what other processes take is not the front end's."""
    run()
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return CLIP_S / best
