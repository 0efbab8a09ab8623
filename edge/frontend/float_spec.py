"""Log-mel in float64, in the integer front end's units: what the integers approximate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.frontend.config import FrontendConfig
from edge.frontend.tables import band_weights, check, hann


def log_mel_float(samples: NDArray[np.int16], config: FrontendConfig) -> NDArray[np.float64]:
    """float64 log-mel [T, bands] (1/256 octave of band power) of int16 samples [n]; powers below 1 give 0."""
    check(config)
    if config.frames(len(samples)) == 0:
        return np.zeros((0, config.bands))
    windows = np.lib.stride_tricks.sliding_window_view(samples, config.window_samples)
    frames = windows[:: config.hop_samples] * hann(config)  # [T, window_samples]
    # 2**15 fractional bits, and each of the log2(points) halvings of the complex FFT.
    scale = 2.0**15 / (config.fft_size // 2)
    power = np.abs(np.fft.rfft(frames, config.fft_size) * scale) ** 2  # [T, fft_size / 2 + 1]
    bands = [power[:, start : start + len(w)] @ w for start, w in band_weights(config)]
    return 256.0 * np.log2(np.maximum(np.stack(bands, axis=1), 1.0))
