"""The sound that the loudness model hears: bursts of noise in near silence."""

import numpy as np

STARTS_S = [1.0, 3.0]
LENGTH_S = 4.4


def bursts(starts_s=STARTS_S, length_s=LENGTH_S, rate_hz=16_000):
    """int16 [n]: noise of 0.4 s at each start."""
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 2, int(length_s * rate_hz))
    for start in starts_s:
        part = sound[int(start * rate_hz) : int((start + 0.4) * rate_hz)]
        part += rng.normal(0, 4_000, len(part))
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
