"""What is wrong with a configuration, each thing with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong."""

    place: str
    """The file, ``environment`` or ``command line``."""
    line: int
    """From 1; 0 where there is none."""
    field: str
    """``audio.device``, ``task[1].model``; empty when the file cannot be read at all."""
    text: str
    """What is wrong and the remedy, one line."""

    def __str__(self) -> str:
        place = f"{self.place}:{self.line}" if self.line else self.place
        return ": ".join(filter(None, (place, self.field, self.text)))


class ConfigError(Exception):
    """A configuration that cannot be used; the text is the first problem in one line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        more = len(self.problems) - 1
        others = f" (and {more} more; nuthatch config check shows all)" if more else ""
        super().__init__(f"{self.problems[0]}{others}")
