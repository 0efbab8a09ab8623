"""Every smoothed score as a line of JSON, for choosing thresholds afterwards."""

from __future__ import annotations

from pathlib import Path

from edge.tasks.event import Event


class ScoresError(Exception):
    """A score file that cannot be written; the text names it and the remedy in one line."""


class Scores:
    """Writes to a file; raises ScoresError when it cannot be made."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as e:
            raise ScoresError(f"{path}: cannot be written ({e.strerror}); give --scores another path") from None

    def __call__(self, event: Event) -> None:
        self._file.write(event.to_json() + "\n")

    def close(self) -> None:
        self._file.close()
