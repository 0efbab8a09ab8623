"""Events on stdout: a line for people, or one JSON object a line for programs."""

from __future__ import annotations

import re
from typing import TextIO

from edge.tasks.event import Event


class Console:
    """Each line is flushed: whoever reads the pipe hears of the event at once."""

    def __init__(self, out: TextIO, as_json: bool = False) -> None:
        self._out = out
        self._line = Event.to_json if as_json else people

    def __call__(self, event: Event) -> None:
        print(self._line(event), file=self._out, flush=True)


def people(event: Event) -> str:
    """``   3.42 s  alexa  0.97  wake_alexa``."""
    words = f"{event.time_s:8.2f} s  {event.label}  {event.score:.2f}  {event.model}  {event.picture}"
    return one_line(words).rstrip()


def one_line(text: str) -> str:
    """What would end the line or steer the terminal, in a file's name, is spelled out."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)
