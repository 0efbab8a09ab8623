"""How each part of the daemon is: said by the part itself, read by the page, /healthz, metrics and logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Status:
    """One part's last word."""

    ok: bool
    state: str
    """One or two words: hearing, reopening, connected, retrying, off."""
    text: str = ""
    """One line for people: what is wrong, the number, the remedy."""
    since_s: float = 0.0
    """time.time() of the last change of ``state``."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Numbers to show and to count; names carry units."""


class Health:
    """Parts are named ``audio``, ``task/<model>``, ``sink/<name>``, ``store``, ``page``; any thread may call."""

    def __init__(self, on_change: Callable[[str, Status], None] = lambda part, status: None) -> None:
        self._parts: dict[str, Status] = {}
        self._lock = threading.Lock()
        self._on_change = on_change

    def say(self, part: str, ok: bool, state: str, text: str = "", **facts: Any) -> None:
        """``on_change`` hears of it only when ok or state differ from before: no line of log per frame."""
        with self._lock:
            before = self._parts.get(part)
            changed = before is None or (before.ok, before.state) != (ok, state)
            since = time.time() if before is None or before.state != state else before.since_s
            status = self._parts[part] = Status(ok, state, text, since, facts)
        if changed:
            self._on_change(part, status)

    def forget(self, part: str) -> None:
        """A part that is no more."""
        with self._lock:
            self._parts.pop(part, None)

    @property
    def parts(self) -> dict[str, Status]:
        with self._lock:
            return dict(self._parts)

    @property
    def ok(self) -> bool:
        return all(s.ok for s in self.parts.values())
