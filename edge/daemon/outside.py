"""What the service has around it: systemd, the configuration's files, the log. Tests put doubles here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.daemon.audio import audio_of
from edge.daemon.config import Config
from edge.daemon.ear import Audio
from edge.daemon.health import Status
from edge.daemon.record import Record
from edge.daemon.sections import Audio as AudioSection


class Notify(Protocol):
    """systemd, or nobody (edge/daemon/systemd.py)."""

    def ready(self, status: str = "") -> None: ...
    def alive(self) -> None: ...
    def reloading(self) -> None: ...
    def stopping(self, status: str = "") -> None: ...


@dataclass(frozen=True)
class Outside:
    """What the service has around it; tests put doubles here."""

    load: Callable[[], Config] | None = None
    """Reads the configuration again; raises ConfigError."""
    files: tuple[Path, ...] = ()
    """Where it comes from: watched for changes."""
    audio: Callable[[AudioSection], Audio] = audio_of
    notify: Notify | None = None
    tell: Callable[[Record], None] = lambda record: None
    """One line of log for each record; called in the thread that made it."""
    changed: Callable[[str, Status], None] = lambda part, status: None
    """One line of log for each part that became well or ill."""
