"""The database file: opened, brought to the newest schema, and saved from damage."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from edge.daemon.store.error import StoreError

FILE = "nuthatch.db"
MIGRATIONS = (
    """
    CREATE TABLE event (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, task TEXT NOT NULL, model TEXT NOT NULL,
        model_hash TEXT NOT NULL, label TEXT NOT NULL, score REAL NOT NULL, time_s REAL NOT NULL,
        time_utc TEXT NOT NULL, stream TEXT NOT NULL, details TEXT NOT NULL);
    CREATE TABLE verdict (n INTEGER PRIMARY KEY, id TEXT NOT NULL, verdict TEXT NOT NULL, made_utc TEXT NOT NULL);
    CREATE INDEX verdict_id ON verdict (id);
    CREATE TABLE setting (n INTEGER PRIMARY KEY, key TEXT NOT NULL, value TEXT NOT NULL, made_utc TEXT NOT NULL);
    CREATE INDEX setting_key ON setting (key);
    """,
    "CREATE INDEX event_time ON event (time_utc);",
)
"""Entry k makes schema k + 1 of schema k; none is ever changed, only added. PRAGMA user_version counts."""
TABLES = ("event", "verdict", "setting")
BUSY_MS = 5_000


def open_database(folder: Path) -> tuple[sqlite3.Connection, str]:
    """The folder's database, made if there is none; and a line about damage that was found, or "".

    A damaged one is put aside, and what can be read of it goes into a new one. Raises StoreError for a folder that
    cannot be written, or a schema of a later version.
    """
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            return _opened(path), ""
        except sqlite3.DatabaseError as e:
            if isinstance(e, sqlite3.OperationalError):
                raise
            return _saved(path, str(e))
    except (OSError, sqlite3.Error) as e:
        raise StoreError(f"{path}: cannot be opened ({e}); give [store] folder one that nuthatch may write") from None


def _opened(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise sqlite3.DatabaseError(found[0])
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=BUSY_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what has been said to be kept is still there after a power cut; events are few
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 200")
        connection.execute("PRAGMA cache_size = -512")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: schema {version}, this version of nuthatch knows {len(MIGRATIONS)}; install a newer one"
        )
    for done in range(version, len(MIGRATIONS)):
        connection.executescript(f"BEGIN; {MIGRATIONS[done]} PRAGMA user_version = {done + 1}; COMMIT;")


def _saved(path: Path, reason: str) -> tuple[sqlite3.Connection, str]:
    """A new database with what the damaged one still gives."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    connection = _opened(path)
    kept = sum(_copy(connection, aside, table) for table in TABLES)
    return connection, f"{aside.name}: was damaged ({reason}); {kept} rows of it were saved, the file is kept"


def _copy(connection: sqlite3.Connection, damaged: Path, table: str) -> int:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    marks = ", ".join("?" * len(columns))
    kept = 0
    connection.execute("BEGIN")
    for row in _readable(damaged, table, columns):
        try:
            added = connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row).rowcount
        except (sqlite3.IntegrityError, sqlite3.InterfaceError):
            continue  # a damaged row that does not fit its columns
        kept += max(0, added)
    connection.execute("COMMIT")
    return kept


def _readable(damaged: Path, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows from the front up to the damage, then from the back down to it."""
    for order in ("ASC", "DESC"):
        try:
            with closing(sqlite3.connect(damaged)) as connection:
                yield from connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY n {order}")
        except sqlite3.Error:
            continue
        else:
            return
