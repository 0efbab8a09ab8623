"""Every smoothed score as a line of JSON, for choosing thresholds afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.tasks.event import Event


class ScoresError(Exception):
    """A score file that cannot be written; the text names it and the remedy in one line."""


class Scores:
    """Writes to a file; raises ScoresError when it cannot be made or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._named():
            self._file = path.open("w", encoding="utf-8")

    def __call__(self, event: Event) -> None:
        with self._named():
            self._file.write(event.to_json() + "\n")

    def close(self) -> None:
        with self._named():
            self._file.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            raise ScoresError(f"{self._path}: cannot be written ({e.strerror}); give --scores another path") from None
