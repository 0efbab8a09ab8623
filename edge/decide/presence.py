"""Shares of the picture to "somebody is there": with hysteresis in share and in time."""

from __future__ import annotations

LEAVE = 0.5
"""Somebody is gone below this part of the share that makes them be there ..."""
LEAVE_S = 0.5
"""... for so long: a network may lose a person for a picture or two."""


class Presence:
    """``enter``: share of the picture from which on somebody is there."""

    def __init__(self, enter: float) -> None:
        self.enter = enter
        self.reset()

    def reset(self) -> None:
        """Nobody is there."""
        self.present = False
        self.held = False
        """There by the hysteresis alone: this picture does not show them."""
        self._seen_s = 0.0

    def update(self, share: float, time_s: float) -> bool:
        """Whether ``present`` has changed."""
        before = self.present
        shown = share >= self.enter * (LEAVE if before else 1.0)
        if shown:
            self._seen_s = time_s
        self.present = shown or (before and time_s - self._seen_s < LEAVE_S)
        self.held = self.present and not shown
        return self.present != before
