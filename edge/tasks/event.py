"""A detection: the one record that every sink receives."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Event:
    """One label heard by one model."""

    time_s: float
    """On the audio clock: the end of the last sample that the score saw."""
    label: str
    score: float
    """Smoothed, 0 to 1."""
    model: str

    def to_json(self) -> str:
        """One line of JSON without its end."""
        return json.dumps(asdict(self), ensure_ascii=False)
