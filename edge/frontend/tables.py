"""The constant tables of the front end, computed once per configuration and handed to the C code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.frontend.config import FrontendConfig

LOG2_STEPS = 64


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that the integer arithmetic needs besides the samples."""

    window_q16: NDArray[np.uint16]
    """[window_samples rounded up to even]: periodic Hann window; the odd sample has weight 0."""
    order: NDArray[np.uint16]
    """First sample pair of each first-stage butterfly; the others follow at equal distances."""
    twiddle_q30: NDArray[np.int32]
    """Per radix-4 stage: real and imaginary parts of w, w**2, w**3, each [quarter]."""
    split_q30: NDArray[np.int32]
    """[2 * fft_size / 4]: cos, then -sin, of bins 1, 2, ... of the real FFT."""
    band_start: NDArray[np.uint16]
    """[bands]: first FFT bin of each band."""
    band_size: NDArray[np.uint16]
    """[bands]: number of FFT bins of each band, at least 1."""
    weight_q15: NDArray[np.uint16]
    """[sum of band_size]: the bands' weights, one band after the other."""
    log2_q15: NDArray[np.uint16]
    """[65]: log2(1 + i / 64)."""


def check(config: FrontendConfig) -> None:
    """Raise ValueError, in one line with a remedy, for a configuration that the front end cannot run."""
    c = config
    if c.fft_size not in (64, 128, 256, 512, 1024, 2048, 4096):
        raise ValueError(f"fft_size is {c.fft_size}; use a power of two from 64 to 4096")
    if not 2 <= c.window_samples <= c.fft_size:
        raise ValueError(
            f"the window has {c.window_samples} samples and fft_size is {c.fft_size}: "
            f"use a window of 2..{c.fft_size} samples or a larger fft_size"
        )
    if not 1 <= c.hop_samples <= c.window_samples:
        raise ValueError(
            f"hop_ms {c.hop_ms} is outside 1..window_ms ({c.window_ms}): "
            "shorten the hop or lengthen the window, else samples would be skipped"
        )
    if not 1 <= c.bands <= 256:
        raise ValueError(f"bands is {c.bands}; use 1 to 256")
    nyquist_hz = c.sample_rate_hz / 2
    if not 0 <= c.low_hz < c.high_hz <= nyquist_hz:
        raise ValueError(f"bands from {c.low_hz} Hz to {c.high_hz} Hz: need 0 <= low_hz < high_hz <= {nyquist_hz:.0f}")
    if not 0 <= c.shift <= 15:
        raise ValueError(f"shift is {c.shift}; use 0 to 15")
    if not -32768 <= c.offset <= 32767:
        raise ValueError(f"offset is {c.offset}; it must fit int16")


def hann(config: FrontendConfig) -> NDArray[np.float64]:
    """Periodic Hann window, [window_samples] float64."""
    size = config.window_samples
    return np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / size) for n in range(size)])


def _mel(hz: float) -> float:
    """HTK mel scale."""
    return 1127.0 * math.log1p(hz / 700.0)


def _hz(mel: float) -> float:
    return 700.0 * math.expm1(mel / 1127.0)


def band_weights(config: FrontendConfig) -> list[tuple[int, NDArray[np.float64]]]:
    """First FFT bin and float64 weights of each band: triangles on the mel scale, peak 1.

    Bins 0 and fft_size / 2 are never used. Where bands are narrower than the bins, a triangle may pass
    between two bins; a band without a bin of at least half weight takes the bin nearest to its centre, whole.
    """
    bin_hz = config.sample_rate_hz / config.fft_size
    last = config.fft_size // 2 - 1
    mels = [0.0] + [_mel(k * bin_hz) for k in range(1, last + 1)]
    low, high = _mel(config.low_hz), _mel(config.high_hz)
    step = (high - low) / (config.bands + 1)
    bands = []
    for band in range(config.bands):
        centre = low + (band + 1) * step
        weights = [max(0.0, 1.0 - abs(mels[k] - centre) / step) for k in range(last + 1)]
        weights[0] = 0.0
        bins = [k for k in range(last + 1) if weights[k] >= 2**-16]  # what Q15 can hold
        if max(weights) < 0.5:
            nearest = min(max(round(_hz(centre) / bin_hz), 1), last)
            bins, weights[nearest] = [nearest], 1.0
        bands.append((bins[0], np.array(weights[bins[0] : bins[-1] + 1])))
    return bands


def _rounded(values: list[float]) -> list[int]:
    return [math.floor(v + 0.5) for v in values]


def _digit_reversed(points: int) -> list[int]:
    """Order of the inputs of a decimation-in-time FFT: radix 4, the first stage 2 if points is 2 * 4**n."""
    if points <= 2:
        return list(range(points))
    inner = _digit_reversed(points // 4)
    return [4 * n + leg for leg in range(4) for n in inner]


def _unit_circle_q30(index: int, size: int) -> tuple[int, int]:
    """exp(-2j pi index / size) in Q30."""
    angle = 2 * math.pi * index / size
    real, imag = _rounded([math.cos(angle) * 2**30, -math.sin(angle) * 2**30])
    return real, imag


def _twiddle_q30(points: int) -> list[int]:
    table: list[int] = []
    quarter = first_radix(points)
    while quarter < points:
        for leg in (1, 2, 3):
            factors = [_unit_circle_q30(leg * k, 4 * quarter) for k in range(quarter)]
            table += [real for real, _ in factors] + [imag for _, imag in factors]
        quarter *= 4
    return table


def _split_q30(fft_size: int) -> list[int]:
    factors = [_unit_circle_q30(k, fft_size) for k in range(1, fft_size // 4 + 1)]
    return [real for real, _ in factors] + [imag for _, imag in factors]


def first_radix(points: int) -> int:
    """Radix of the first stage of a complex FFT of that many points: 2 or 4."""
    return 4 if points.bit_length() % 2 else 2


@lru_cache(maxsize=32)
def tables(config: FrontendConfig) -> Tables:
    """Tables of a configuration; raises ValueError for one that cannot run."""
    check(config)
    points = config.fft_size // 2
    # 65535, not 65536, at the top: 16 bits; the product with a sample then fits 32.
    window = [min(w, 65535) for w in _rounded([w * 65536 for w in hann(config)])]
    bands = band_weights(config)
    weights = [w * 32768 for _, band in bands for w in band]
    log2 = [math.log2(1 + i / LOG2_STEPS) * 32768 for i in range(LOG2_STEPS + 1)]
    made = Tables(
        window_q16=np.array(window + [0] * (len(window) % 2), np.uint16),
        order=np.array(_digit_reversed(points)[:: first_radix(points)], np.uint16),
        twiddle_q30=np.array(_twiddle_q30(points), np.int32),
        split_q30=np.array(_split_q30(config.fft_size), np.int32),
        band_start=np.array([start for start, _ in bands], np.uint16),
        band_size=np.array([len(band) for _, band in bands], np.uint16),
        weight_q15=np.array(_rounded(weights), np.uint16),
        log2_q15=np.array(_rounded(log2), np.uint16),
    )
    for table in vars(made).values():
        table.flags.writeable = False
    return made
