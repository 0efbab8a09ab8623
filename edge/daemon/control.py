"""What sinks and the page may ask of the daemon and do to it. The service implements it; tests have a small double."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edge.daemon.health import Health
from edge.daemon.hub import Hub
from edge.daemon.pulse import Pulse
from edge.daemon.record import Record
from edge.manifest import Manifest


@dataclass(frozen=True)
class Loaded:
    """A model that runs."""

    manifest: Manifest
    model_hash: str
    """First 12 digits of the SHA-256 of model.tflite."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """Of each target, as they are now; empty for tasks without."""
    state: str = ""
    """Of a scene or portrait task: the state it is in."""
    score: float = 0.0
    cost: dict[str, float] = field(default_factory=dict)
    """inference_s, steps, real_time_factor, ...: sums since the start."""
    folder: Path | None = None
    """Where its bundle lies, for those who run it on other audio than the microphone's."""


class Control(Protocol):
    """All of it may be called from any thread and returns at once."""

    name: str
    """Of this device, for people: "kitchen"."""
    device_id: str
    """Of this device, for programs: letters, digits and _, the same for ever."""
    version: str
    state_folder: Path
    """Everything that is written lies in here; the store, queues, models."""
    records: Hub[Record]
    pulses: Hub[Pulse]
    health: Health

    @property
    def models(self) -> list[Loaded]:
        """As they run now."""
        ...

    def set_threshold(self, model: str, label: str, threshold: float) -> None:
        """From the next step on, and after a restart. Raises ValueError for what there is none of, or out of (0, 1]."""
        ...

    @property
    def muted(self) -> str:
        """Why nothing is heard now ("switch", "hours", "gpio"), or "" when all is heard."""
        ...

    def mute(self, on: bool) -> None:
        """The software switch; muted audio is thrown away before any front end."""
        ...

    @property
    def recent(self) -> bytes:
        """The last seconds of audio, int16 little endian at 16 kHz; kept in memory only."""
        ...
