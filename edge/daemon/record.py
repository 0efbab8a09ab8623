"""What happened, as the store and every sink get it: an event with its place in the world."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from edge.tasks.event import Event


@dataclass(frozen=True)
class Record:
    """One detection, or one change of a state."""

    id: str
    """Hexadecimal, 20 digits, rising with the time it was made."""
    task: str
    """keyword, scene, portrait, ...: the file in edge/tasks."""
    model: str
    model_hash: str
    """First 12 digits of the SHA-256 of model.tflite."""
    label: str
    score: float
    time_s: float
    """On the audio clock of the stream: the end of the last sample that the score saw."""
    time_utc: str
    """The same moment on the wall: ISO 8601, milliseconds, Z."""
    stream: str
    """Which stream the clock belongs to: a new one after each opening of the source."""
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line of JSON without its end."""
        return json.dumps(asdict(self), ensure_ascii=False)


def record_of(event: Event, task: str, model_hash: str, stream: str, utc_s: float) -> Record:
    """``utc_s``: the moment of ``event.time_s``, seconds since 1970."""
    return Record(
        record_id(), task, event.model, model_hash, event.label, event.score, event.time_s, iso_utc(utc_s), stream
    )


def record_id() -> str:
    """Milliseconds since 1970 and eight random digits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def iso_utc(utc_s: float) -> str:
    """Seconds since 1970 -> ``2026-11-22T17:00:33.125Z``."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
