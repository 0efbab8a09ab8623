"""Pictures in a folder, or one picture: each a file, in the order of their paths."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from edge.source.error import SourceError
from edge.source.frame import Frame, Say
from edge.source.still import SUFFIXES, read_still

NAMED = 20
"""So many unreadable pictures are named, each on a line; the others are counted."""


class Folder:
    """All pictures below a folder. What cannot be read is named, counted and left out.

    ``rate_hz`` says what time they have: they are no moments of one scene. Raises SourceError for a path without
    pictures; iterating raises it when none of them can be read.
    """

    def __init__(self, path: Path | str, rate_hz: float = 1.0, say: Say = lambda line: None) -> None:
        self.path, self.rate_hz, self.skipped = Path(path), rate_hz, 0
        self._say = say
        self._closed = threading.Event()
        self.files = self._pictures()
        self._top = self.path if self.path.is_dir() else self.path.parent

    def __iter__(self) -> Iterator[Frame]:
        given = 0
        for file in self.files:
            if self._closed.is_set():
                return
            try:
                rgb = read_still(file)
            except SourceError as e:
                self._skip(e)
                continue
            yield Frame(rgb, given / self.rate_hz, given, file.relative_to(self._top).as_posix())
            given += 1
        if given == 0:
            raise SourceError(f"{self.path}: none of its {len(self.files)} pictures can be read; give others")

    def _pictures(self) -> list[Path]:
        if not self.path.exists():
            raise SourceError(
                f"{self.path}: no such file or folder; the source is camera, a video, a picture or a folder"
            )
        if self.path.is_file():
            return [self.path]
        walk = os.walk(self.path, onerror=self._shut)
        found = sorted(Path(top) / name for top, _, names in walk for name in names if is_picture(Path(name)))
        if not found:
            raise SourceError(f"{self.path}: no pictures in it ({', '.join(s[1:] for s in SUFFIXES)})")
        return found

    def _shut(self, error: OSError) -> None:
        """A folder that may not be looked into."""
        if Path(error.filename) == self.path:
            raise SourceError(f"{self.path}: {error.strerror}; give another folder")
        self._skip(SourceError(f"{error.filename}: {error.strerror}"))

    def _skip(self, error: SourceError) -> None:
        self.skipped += 1
        if self.skipped <= NAMED:
            self._say(f"{error}; left out")
        elif self.skipped == NAMED + 1:
            self._say(f"{self.path}: more pictures that cannot be read; they are counted from here on")

    def close(self) -> None:
        self._closed.set()


def is_picture(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() in SUFFIXES
