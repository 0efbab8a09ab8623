"""Has one of some files changed? By looking, so that it works on every file system and through every editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Look = tuple[tuple[int, int, int] | None, ...]


class FileWatch:
    """A change counts when two looks in a row see the same: an editor may be in the middle of writing."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._known = self._last = self._look()

    def changed(self) -> bool:
        """Once for each change."""
        before, self._last = self._last, self._look()
        if self._last != before or self._last == self._known:
            return False
        self._known = self._last
        return True

    def forget(self) -> None:
        """What is there now is known."""
        self._known = self._last = self._look()

    def _look(self) -> Look:
        return tuple(_facts(p) for p in self.paths)


def _facts(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
