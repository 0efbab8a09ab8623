"""A detection: the one record that every sink receives."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Event:
    """One label heard, or seen, by one model."""

    time_s: float
    """On the audio clock: the end of the last sample that the score saw. Of pictures: the frame's time."""
    label: str
    score: float
    """Smoothed, 0 to 1."""
    model: str
    picture: str = ""
    """The file that was looked at, of a folder of pictures."""

    def to_json(self) -> str:
        """One line of JSON without its end."""
        said = asdict(self)
        if not self.picture:
            del said["picture"]
        return json.dumps(said, ensure_ascii=False)
