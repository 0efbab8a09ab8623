"""Each record as a line of JSON, on stdout or to everybody who connects to a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import socket
import stat
import sys
import threading
from pathlib import Path

from pydantic import Field

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.sink.delivery.wanted import Wanted

WAITING = 1_000
"""Lines for a stdout that is not read just now; more are dropped and counted."""


class Config(Wanted):
    """``[sink.jsonl]``"""

    socket: Path | None = Field(
        None,
        title="Unix socket",
        description="Where readers connect; without it, the lines go to stdout.",
        examples=["/run/nuthatch/events"],
    )
    mode: str = Field(
        "660", pattern=r"^[0-7]{3}$", title="Permissions", description="Of the socket, octal: who may connect."
    )
    readers: int = Field(32, ge=1, le=1_000, title="Readers", description="So many may be connected.")
    behind_kb: int = Field(
        256, ge=1, le=65_536, title="Behind", description="A reader that is so many kilobytes behind is disconnected."
    )


async def run(config: Config, feed: Feed[Record], control: Control) -> None:
    """Until the feed is closed."""
    if config.socket is None:
        await _to_stdout(config, feed, control)
    else:
        await _to_socket(config, config.socket, feed, control)


async def _to_stdout(config: Config, feed: Feed[Record], control: Control) -> None:
    """A thread writes: a pipe that nobody reads must stop nothing else, not even the end of the service."""
    lines: queue.Queue[str] = queue.Queue(WAITING)
    counts = {"sent": 0, "dropped": 0}
    state, text = "writing", ""

    def write() -> None:
        nonlocal state, text
        try:
            while True:
                sys.stdout.write(lines.get() + "\n")
                sys.stdout.flush()
                counts["sent"] += 1
        except (OSError, ValueError) as e:
            state, text = "closed", f"stdout: {getattr(e, 'strerror', None) or e}; nobody reads it any more"

    threading.Thread(target=write, name="sink/jsonl", daemon=True).start()
    control.health.say("sink/jsonl", True, state, text, **counts)
    async for record in feed:
        if not config.wants(record):
            continue
        try:
            lines.put_nowait(record.to_json())
        except queue.Full:
            counts["dropped"] += 1
        await asyncio.sleep(0)
        facts = counts | {"waiting": lines.qsize(), "dropped": counts["dropped"] + feed.dropped}
        control.health.say("sink/jsonl", state == "writing", state, text, **facts)
    while lines.qsize() and state == "writing":
        await asyncio.sleep(0.05)


async def _to_socket(config: Config, path: Path, feed: Feed[Record], control: Control) -> None:
    readers = _Readers(config, control, path)
    while True:
        try:
            server = await asyncio.start_unix_server(readers.welcome, sock=_listening(path, int(config.mode, 8)))
            break
        except OSError as e:
            control.health.say("sink/jsonl", False, "retrying", f"{path}: {e.strerror or e}; set sink.jsonl.socket")
            await asyncio.sleep(5.0)
    try:
        readers.say()
        async for record in feed:
            if config.wants(record):
                readers.tell(record.to_json().encode() + b"\n")
                readers.say(feed.dropped)
    finally:
        server.close()
        readers.leave()
        with contextlib.suppress(OSError):
            path.unlink()


def _listening(path: Path, mode: int) -> socket.socket:
    """A new socket there; raises OSError when the path is another's."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(0, "is there and is no socket")
    if path.exists():
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(str(path)) == 0:
                raise OSError(0, "another process answers there")
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = socket.socket(socket.AF_UNIX)
    try:
        # Nobody may connect before its permissions are as wished.
        before = os.umask(0o777)
        try:
            made.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        made.listen()
    except OSError:
        made.close()
        raise
    return made


class _Readers:
    """All who are connected; none of them is waited for."""

    def __init__(self, config: Config, control: Control, path: Path) -> None:
        self._config, self._control, self._path = config, control, path
        self._writers: set[asyncio.StreamWriter] = set()
        self._counts = {"sent": 0, "slow": 0, "refused": 0}

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One reader, until it goes; what it sends is not looked at."""
        if len(self._writers) >= self._config.readers:
            self._counts["refused"] += 1
            writer.close()
            return
        self._writers.add(writer)
        self.say()
        try:
            while await reader.read(4096):
                pass
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self.say()

    def tell(self, line: bytes) -> None:
        self._counts["sent"] += 1
        for writer in list(self._writers):
            writer.write(line)
            if writer.transport.get_write_buffer_size() > self._config.behind_kb * 1024:
                self._counts["slow"] += 1
                self._writers.discard(writer)
                writer.transport.abort()

    def leave(self) -> None:
        for writer in self._writers:
            writer.close()

    def say(self, dropped: int = 0) -> None:
        facts = self._counts | {"readers": len(self._writers), "dropped": dropped}
        self._control.health.say("sink/jsonl", True, "serving", str(self._path), **facts)
