"""The front end's parameters: the part of a model bundle that says how sound becomes features."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class FrontendConfig:
    """Parameters of the integer log-mel front end; two equal configurations give equal bits everywhere.

    The int8 feature is ``clamp((log_mel - offset + 2**(shift - 1)) >> shift, -128, 127)`` of the int16
    log-mel, whose unit is 1/256 octave of band power.
    """

    sample_rate_hz: int = 16_000
    window_ms: int = 30
    hop_ms: int = 10
    fft_size: int = 512
    bands: int = 40
    low_hz: int = 60
    high_hz: int = 7_600
    offset: int = 10_240
    """int16 log-mel value (1/256 octave) that becomes the int8 feature 0: -90 dBFS noise then lies at -128,
    full-scale speech just under 127 (docs/frontend.md)."""
    shift: int = 5
    """One step of the int8 feature is ``2**shift`` units of 1/256 octave (5: 0.376 dB)."""

    @property
    def window_samples(self) -> int:
        return self.sample_rate_hz * self.window_ms // 1000

    @property
    def hop_samples(self) -> int:
        return self.sample_rate_hz * self.hop_ms // 1000

    def frames(self, samples: int) -> int:
        """Number of whole frames in a recording of that many samples (no centring, no padding)."""
        return max(0, (samples - self.window_samples) // self.hop_samples + 1)

    def samples(self, frames: int) -> int:
        """Number of samples that give exactly that many frames."""
        return 0 if frames <= 0 else (frames - 1) * self.hop_samples + self.window_samples

    @property
    def silence(self) -> int:
        """The int8 feature of digital silence, whose log-mel is 0."""
        return max(-128, (-self.offset + (1 << self.shift >> 1)) >> self.shift)

    @property
    def hash(self) -> str:
        """Sixteen hex digits that bind a model to this front end."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
