"""A bounded queue of lines that outlives the process: one file, only ever appended to.

Each line of the file is ``<crc32> <number> <text>``; the text ``-`` says that this number is done. What was written
is there after kill -9 at any instant; after ``sync`` also after the power went. A line that was not written to its
end, or that the disk spoilt, is skipped and counted. Without a disk the queue goes on in memory and says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

LINE_LIMIT_BYTES = 64 * 1024
_SLACK_BYTES = 256 * 1024
"""The file is written anew when more than this, and more than half of it, is done with."""
_DONE = b"-"


class Spool:
    """First in, first out; when ``limit`` lines wait, the oldest goes and is counted. Any thread may call."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path, self.limit = path, limit
        self.dropped = 0
        """Lines that were lost: the oldest of a full queue, or one over LINE_LIMIT_BYTES."""
        self.torn = 0
        """Lines of the file that could not be read."""
        self.fault = ""
        """Why nothing is on the disk now; empty when all is."""
        self._waiting: dict[int, bytes] = {}
        self._last = self._size = self._live_bytes = 0
        self._file = -1
        self._lock = threading.Lock()
        with self._lock:
            self._trying(self._open)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, text: str) -> None:
        """At the end of the queue, and written; ``text`` is one line without its end."""
        line = text.encode()
        with self._lock:
            if len(line) > LINE_LIMIT_BYTES or b"\n" in line:
                self.dropped += 1
                return
            while len(self._waiting) >= self.limit:
                self._forget(next(iter(self._waiting)))
                self.dropped += 1
            self._last += 1
            self._waiting[self._last] = line
            self._live_bytes += len(line)
            if self.fault:
                self._trying(self._open if self._file < 0 else self._rewrite)
            else:
                self._trying(self._append, self._last, line)

    def first(self) -> tuple[int, str] | None:
        """The oldest line and its number; it stays until ``remove``."""
        with self._lock:
            for number, line in self._waiting.items():
                return number, line.decode()
        return None

    def remove(self, number: int) -> None:
        """It has arrived; nothing happens when it is gone already."""
        with self._lock:
            if number in self._waiting:
                self._forget(number)

    def sync(self) -> None:
        """What was written is on the disk when this returns; may take long."""
        with self._lock:
            file = -1 if self._file < 0 or self.fault else os.dup(self._file)
        if file >= 0:
            try:
                os.fdatasync(file)
            except OSError as e:
                self.fault = _reason(e)
            finally:
                os.close(file)

    def retry(self) -> None:
        """If the disk failed: perhaps it works again."""
        with self._lock:
            if self.fault:
                self._trying(self._open if self._file < 0 else self._rewrite)

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def _forget(self, number: int) -> None:
        self._live_bytes -= len(self._waiting.pop(number))
        if self.fault:
            # On a full disk nothing can be noted, but an empty file can be had.
            if not self._waiting and self._file >= 0:
                self._trying(self._empty)
            return
        self._trying(self._append, number, _DONE)
        if self._size > _SLACK_BYTES and self._size > 2 * self._live_bytes:
            self._trying(self._rewrite)

    def _trying(self, write: Callable[..., None], *arguments: object) -> None:
        try:
            write(*arguments)
            self.fault = ""
        except OSError as e:
            self.fault = _reason(e)

    def _append(self, number: int, text: bytes) -> None:
        line = _line(number, text)
        try:
            _write(self._file, line)
        except OSError:
            # Half a line must not stand in front of the next one.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)

    def _open(self) -> None:
        """What an earlier process left comes first; lines that came before the disk did come after."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_ino != self.path.stat().st_ino:  # its owner has just written it anew
                raise BlockingIOError
            found, torn = _read(self.path)
        except OSError:
            os.close(file)
            raise
        held = list(self._waiting.values())
        self._file, self.torn = file, self.torn + torn
        self._last = max(found, default=0)
        self._waiting = found
        for line in held:
            self._last += 1
            self._waiting[self._last] = line
        while len(self._waiting) > self.limit:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._live_bytes = sum(map(len, self._waiting.values()))
        self._rewrite()

    def _empty(self) -> None:
        os.ftruncate(self._file, 0)
        self._size = 0

    def _rewrite(self) -> None:
        """The file with only what waits: written beside it, then put in its place."""
        beside = self.path.with_suffix(".new")
        file = os.open(beside, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = b"".join(_line(number, text) for number, text in self._waiting.items())
            _write(file, content)
            os.fsync(file)
            beside.replace(self.path)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        os.close(self._file)
        self._file, self._size = file, len(content)
        _sync_folder(self.path.parent)


def _line(number: int, text: bytes) -> bytes:
    body = b"%d %s" % (number, text)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _read(path: Path) -> tuple[dict[int, bytes], int]:
    """The lines that wait, in order, and how many lines could not be read."""
    waiting: dict[int, bytes] = {}
    torn = 0
    for entry in _entries(path):
        if entry is None:
            torn += 1
        elif entry[1] == _DONE:
            waiting.pop(entry[0], None)
        else:
            waiting[entry[0]] = entry[1]
    return dict(sorted(waiting.items())), torn


def _entries(path: Path) -> Iterator[tuple[int, bytes] | None]:
    """Number and text of each line; None for one that is spoilt."""
    with path.open("rb") as file:
        while raw := file.readline(LINE_LIMIT_BYTES + 64):
            checksum, _, body = raw.rstrip(b"\n").partition(b" ")
            number, _, text = body.partition(b" ")
            whole = raw.endswith(b"\n") and checksum == b"%08x" % zlib.crc32(body) and number.isdigit()
            yield (int(number), text) if whole else None


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _reason(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return "another process uses the same queue; give each its own store.folder"
    return f"{error.filename or 'queue'}: {error.strerror or error}"
