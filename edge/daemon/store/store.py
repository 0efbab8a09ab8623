"""The store: what happened, what the user said of it, what was set.

Events are given by any thread and written by one of its own, so that a slow disk delays nobody. Verdicts and settings
are on the disk when the call returns. A full disk: events wait in memory, sound stops, health says so.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edge.daemon.health import Health
from edge.daemon.record import Record, iso_utc
from edge.daemon.store.database import FILE, open_database
from edge.daemon.store.error import StoreError
from edge.daemon.store.recordings import DAY_S, Recordings
from edge.daemon.store.settings import Settings
from edge.source.source import RATE_HZ

WAITING = 10_000
"""Events kept in memory while nothing can be written; then the oldest go and are counted."""
RETRY_S = 0.5
TIDY_S = 3_600.0
VERDICT_CHARACTERS = 64
_COLUMNS = "id, task, model, model_hash, label, score, time_s, time_utc, stream, details"
_LAST_VERDICT = "(SELECT verdict FROM verdict v WHERE v.id = event.id ORDER BY v.n DESC LIMIT 1)"


class Keep(Protocol):
    """How much is kept: the section [store] of the configuration, or `Default`."""

    @property
    def keep_days(self) -> int: ...
    @property
    def recordings(self) -> bool: ...
    @property
    def recordings_limit_mb(self) -> int: ...
    @property
    def recordings_days(self) -> int: ...
    @property
    def recording_s(self) -> float: ...


@dataclass(frozen=True)
class Default:
    """What is kept when nothing is said: events, no sound."""

    keep_days: int = 365
    recordings: bool = False
    recordings_limit_mb: int = 200
    recordings_days: int = 30
    recording_s: float = 3.0


@dataclass(frozen=True)
class Stored:
    """A record as it is kept."""

    record: Record
    verdict: str
    """ "right", "wrong", the label that it was instead, or "" while nobody has judged."""
    has_audio: bool


class Store:
    """In ``folder``: ``nuthatch.db`` and ``recordings/``. Raises StoreError when it cannot be opened."""

    def __init__(self, folder: Path, keep: Keep | None = None, health: Health | None = None) -> None:
        self.folder, self.keep = folder, keep or Default()
        self.dropped = 0
        """Events lost because nothing could be written for too long."""
        self.recordings = Recordings(folder / "recordings")
        self._health = health or Health()
        self._connection, self._damage = open_database(folder)
        self._damaged = False
        self._lock = threading.RLock()
        self.settings = Settings(self._connection, self._transaction)
        self._waiting: deque[tuple[Record, bytes]] = deque()
        self._queue_lock = threading.Lock()
        self._wake, self._idle, self._closing = threading.Event(), threading.Event(), False
        self._idle.set()
        self._sound_problem = ""
        self._tidy_at = 0.0
        self._say_well()
        self._writer = threading.Thread(target=self._write_all, name="store", daemon=True)
        self._writer.start()

    def add(self, record: Record, pcm: bytes = b"") -> None:
        """Keep an event; ``pcm`` (int16 little endian, 16 kHz) is what was heard, and is cut to recording_s.

        Never waits. Without ``recordings`` the sound is thrown away here.
        """
        sound = pcm[-2 * int(self.keep.recording_s * RATE_HZ) :] if self.keep.recordings else b""
        with self._queue_lock:
            if len(self._waiting) >= WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((record, sound))
            self._idle.clear()
        self._wake.set()

    def last(self, n: int, before_id: str | None = None) -> Sequence[Stored]:
        """At most n, the newest first; with ``before_id`` only older ones than that."""
        where, values = ("WHERE id < ?", [before_id]) if before_id else ("", [])
        return self._select(f"{where} ORDER BY id DESC LIMIT ?", [*values, n])

    def labelled(self) -> Sequence[Stored]:
        """Everything that the user judged, the oldest first."""
        return self._select(f"WHERE {_LAST_VERDICT} IS NOT NULL AND {_LAST_VERDICT} != '' ORDER BY id", [])

    def label(self, record_id: str, verdict: str) -> None:
        """ "right", "wrong", another label, or "" to take it back; on the disk when it returns.

        Raises KeyError for a record that is not kept, ValueError for what cannot be a label, StoreError.
        """
        verdict = verdict.strip()
        if len(verdict) > VERDICT_CHARACTERS or not verdict.isprintable() or "/" in verdict or verdict.startswith("."):
            raise ValueError(
                f"label {verdict[:20]!r}: at most {VERDICT_CHARACTERS} characters, without / and a first ."
            )
        self.flush()
        with self._transaction() as connection:
            if connection.execute("SELECT 1 FROM event WHERE id = ?", [record_id]).fetchone() is None:
                raise KeyError(record_id)
            row = [record_id, verdict, iso_utc(time.time())]
            connection.execute("INSERT INTO verdict (id, verdict, made_utc) VALUES (?, ?, ?)", row)

    def audio(self, record_id: str) -> bytes | None:
        """Ogg Opus, or None; raises KeyError for what is no id."""
        return self.recordings.read(record_id)

    def export(self, folder: Path) -> int:
        """What the user judged, in the layout that training reads (export.py); the number of records."""
        from edge.daemon.store.export import export

        return export(self.labelled(), self.recordings, folder)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all events given so far are on the disk; False when they are not."""
        return self._idle.wait(timeout_s)

    def close(self) -> None:
        """Write what waits and let go; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        self._writer.join(timeout=10)
        with self._lock:
            self._connection.close()

    def _select(self, rest: str, values: Sequence[Any]) -> list[Stored]:
        with self._lock:
            try:
                rows = self._connection.execute(
                    f"SELECT {_COLUMNS}, {_LAST_VERDICT} FROM event {rest}", values
                ).fetchall()
            except sqlite3.Error as e:
                raise self._error(e) from None
        return [Stored(_record(row), row[-1] or "", self.recordings.has(row[0])) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as e:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise self._error(e) from None

    def _error(self, error: sqlite3.Error) -> StoreError:
        self._damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return StoreError(f"{self.folder / FILE}: {error}; free some space, or see docs/store.md")

    def _write_all(self) -> None:
        while True:
            self._wake.wait(TIDY_S)
            self._wake.clear()
            written = self._write_waiting()
            if self._closing:
                return
            if time.monotonic() >= self._tidy_at:
                self._tidy()
            if not written:
                time.sleep(RETRY_S)
                self._wake.set()

    def _write_waiting(self) -> bool:
        """False when something still waits because it could not be written."""
        with self._queue_lock:
            batch = list(self._waiting)
            self._waiting.clear()
        # sound first: an event that is kept has its sound
        for record, pcm in batch:
            self._keep_sound(record, pcm)
        try:
            if batch:
                self._insert([record for record, _ in batch])
        except StoreError as e:
            self._give_back([record for record, _ in batch])
            if self._damaged:
                self._reopen()
            self._health.say("store", False, "not writing", str(e), **self._facts())
            return False
        with self._queue_lock:
            if not self._waiting:
                self._idle.set()
        self._say_well()
        return True

    def _reopen(self) -> None:
        """The file was damaged while it was open: go on with what can be saved of it."""
        with self._lock:
            self._connection.close()
            self._connection, self._damage = open_database(self.folder)
            self._damaged = False

    def _insert(self, records: Sequence[Record]) -> None:
        marks = ", ".join("?" * len(_COLUMNS.split(",")))
        with self._transaction() as connection:
            connection.executemany(
                f"INSERT OR IGNORE INTO event ({_COLUMNS}) VALUES ({marks})", [_row(r) for r in records]
            )

    def _give_back(self, records: Sequence[Record]) -> None:
        with self._queue_lock:
            self._waiting.extendleft((record, b"") for record in reversed(records))
            while len(self._waiting) > WAITING:
                self._waiting.popleft()
                self.dropped += 1

    def _keep_sound(self, record: Record, pcm: bytes) -> None:
        if not pcm:
            return
        try:
            self.recordings.write(record.id, pcm)
            self._sound_problem = ""
        except (OSError, RuntimeError) as e:
            self._sound_problem = f"recordings stopped: {e}; free some space or lower [store] recordings_limit_mb"

    def _tidy(self) -> None:
        """Remove what is older or more than the configuration keeps."""
        self._tidy_at = time.monotonic() + TIDY_S
        oldest = iso_utc(time.time() - self.keep.keep_days * DAY_S)
        try:
            with self._transaction() as connection:
                connection.execute(
                    "DELETE FROM event WHERE time_utc < ? AND id NOT IN (SELECT id FROM verdict)", [oldest]
                )
            kept = {s.record.id for s in self.labelled()}
            self.recordings.bound(self.keep.recordings_limit_mb * 2**20, self.keep.recordings_days, kept)
        except (StoreError, OSError) as e:
            self._health.say("store", False, "not tidied", str(e), **self._facts())

    def _say_well(self) -> None:
        problem = self._sound_problem or self._damage
        self._health.say("store", not self._sound_problem, "writing", problem, **self._facts())

    def _facts(self) -> dict[str, int]:
        return {"waiting": len(self._waiting), "dropped": self.dropped}


def _row(r: Record) -> list[Any]:
    details = json.dumps(r.details, ensure_ascii=False)
    return [r.id, r.task, r.model, r.model_hash, r.label, r.score, r.time_s, r.time_utc, r.stream, details]


def _record(row: Sequence[Any]) -> Record:
    return Record(**dict(zip(_COLUMNS.split(", "), [*row[:9], json.loads(row[9])], strict=True)))
