"""Any rate and any number of channels to int16 mono at 16 kHz, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.source.error import SourceError
from edge.source.source import RATE_HZ, Samples

RATES_HZ = (4_000, 384_000)
CHANNELS = (1, 32)

Float = NDArray[np.float32]


class Resampler:
    """Mixes to mono (or takes one ``channel``, from 0), resamples, rounds. int16 at 16 kHz comes out as it went in.

    Raises SourceError for a rate or channel count it does not take.
    """

    def __init__(self, rate_hz: int, channels: int, channel: int | None = None) -> None:
        require_format(rate_hz, channels)
        if channel is not None and not 0 <= channel < channels:
            raise SourceError(f"no channel {channel} of {channels}; the first is 0")
        self.channels = channels
        self._channel = channel
        self._stream: Any = None
        if rate_hz != RATE_HZ:
            import soxr

            self._stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")

    def push(self, samples: Float | Samples) -> Samples:
        """float32 (full scale 1) or int16 [n, channels] -> int16 [m]."""
        if self._channel is not None:
            samples = samples[:, self._channel : self._channel + 1]
        if self._stream is None and samples.dtype == np.int16 and samples.shape[1] == 1:
            return samples[:, 0].astype(np.int16)
        mono = _mono(samples)
        return _int16(mono if self._stream is None else self._stream.resample_chunk(mono))

    def finish(self) -> Samples:
        """What the filter still holds: int16 [m]."""
        if self._stream is None:
            return np.zeros(0, np.int16)
        return _int16(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))


def require_format(rate_hz: int, channels: int) -> None:
    """Raises SourceError for a rate or channel count out of bounds."""
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise SourceError(f"{rate_hz:,} Hz is not a rate of {RATES_HZ[0]:,} to {RATES_HZ[1]:,} Hz; resample it")
    if not CHANNELS[0] <= channels <= CHANNELS[1]:
        raise SourceError(f"{channels} channels, not {CHANNELS[0]} to {CHANNELS[1]}; mix it down")


def _mono(samples: Float | Samples) -> Float:
    """[n, channels] -> float32 [n], full scale 32768."""
    scale = 1.0 if samples.dtype == np.int16 else 32768.0
    mono: Float = samples.mean(axis=1, dtype=np.float32) * np.float32(scale)
    # A float file may hold NaN; one would spread through the filter.
    return np.nan_to_num(mono, copy=False)


def _int16(samples: Float) -> Samples:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
