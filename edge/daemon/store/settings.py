"""What was set while running (thresholds, mute): the last value of each key counts, the ones before are kept."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from edge.daemon.record import iso_utc


class Settings:
    """Keys are words with / between them: ``threshold/wake_alexa/alexa``; values are what JSON can hold."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._transaction = transaction
        rows = connection.execute("SELECT key, value FROM setting ORDER BY n").fetchall()
        self._values: dict[str, Any] = {key: json.loads(value) for key, value in rows}

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    @property
    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def set(self, key: str, value: Any) -> None:
        """On the disk when it returns; raises StoreError when it cannot be."""
        if key in self._values and self._values[key] == value:
            return
        with self._transaction() as connection:
            row = [key, json.dumps(value, ensure_ascii=False), iso_utc(time.time())]
            connection.execute("INSERT INTO setting (key, value, made_utc) VALUES (?, ?, ?)", row)
        self._values[key] = value
