"""What the page shows while it is open: made for each block of audio only if somebody watches."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pulse:
    """One block of audio as seen from outside."""

    time_s: float
    """On the audio clock: the block's end."""
    level_dbfs: float
    """Root mean square of the block, full scale = 0."""
    peak_dbfs: float
    bands: list[list[int]] = field(default_factory=list)
    """Log-mel frames of the first front end since the pulse before: 0..255 for each band."""
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    """Model -> label -> smoothed score, 0 to 1."""
    samples: bytes = b""
    """int16 little endian, 16 kHz; only when listening in is switched on."""
