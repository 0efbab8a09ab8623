"""What the page asks of the store. The store implements it; tests have a small double.

All of it may wait for the disk and may be called from any thread: the page calls it beside its event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edge.daemon.record import Record


class Stored(Protocol):
    """A record as it is kept."""

    @property
    def record(self) -> Record: ...

    @property
    def verdict(self) -> str:
        """ "right", "wrong", the label that it was instead, or "" while nobody has judged."""
        ...

    @property
    def has_audio(self) -> bool:
        """``audio`` has something for it."""
        ...


class Store(Protocol):
    """Events, labels and, where recording is on, their sound."""

    def last(self, n: int, before_id: str | None = None) -> Sequence[Stored]:
        """At most n, the newest first; with ``before_id`` only older ones than that."""
        ...

    def labelled(self) -> Sequence[Stored]:
        """Everything with a verdict, the oldest first."""
        ...

    def label(self, record_id: str, verdict: str) -> None:
        """ "" takes the verdict back. Raises KeyError for a record that is not kept."""
        ...

    def audio(self, record_id: str) -> bytes | None:
        """Ogg Opus, or None."""
        ...

    def export(self, folder: Path) -> object:
        """Everything labelled: JSON Lines and sound, in the layout that training reads."""
        ...
