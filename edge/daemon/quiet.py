"""When nothing shall be heard: the switch, hours of the day, a line of the GPIO."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

DAY_MIN = 24 * 60


class QuietError(Exception):
    """A mute line that cannot be read; the text names it and the remedy in one line."""


class Quiet:
    """Asked a few times a second; ``line`` says whether the GPIO switch is closed."""

    def __init__(self, hours: Sequence[str], line: Callable[[], bool] | None = None) -> None:
        self._spans = [tuple(_minutes(t) for t in span.split("-")) for span in hours]
        self._line = line

    def reason(self, switch: bool, now: time.struct_time | None = None) -> str:
        """ "switch", "gpio", "hours", or "" when all may be heard; ``now`` is local time."""
        if switch:
            return "switch"
        if self._line is not None and self._line():
            return "gpio"
        now = now or time.localtime()
        minute = now.tm_hour * 60 + now.tm_min
        return "hours" if any((minute - a) % DAY_MIN < (b - a) % DAY_MIN for a, b in self._spans) else ""


def gpio_line(pin: int) -> tuple[Callable[[], bool], Callable[[], None]]:
    """(is the switch to ground closed?, let go of the pin); raises QuietError where it cannot be read."""
    try:
        from gpiozero import Button
    except ImportError:
        raise QuietError(f"GPIO {pin}: gpiozero is not installed; pip install gpiozero lgpio") from None
    try:
        button = Button(pin)
    except Exception as e:  # each pin factory has its own
        raise QuietError(f"GPIO {pin}: {' '.join(str(e).split()) or type(e).__name__}; see docs/run.md") from None
    return lambda: bool(button.is_pressed), button.close


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
