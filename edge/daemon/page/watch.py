"""Those who look at the page now: every moment is put into words once and handed to each watcher's own queue.

While nobody watches there is no reader of pulses, and the ear makes none. A watcher that does not keep up is sent
away, whatever the reason; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.page.state import Snapshots
from edge.daemon.pulse import Pulse

WATCHERS = 32
TICK_S = 0.04
STATE_S = 1.0
QUEUE_MESSAGES = 200
QUEUE_BYTES = 512 * 1024
PULSES = 500
LISTENING_S = 0.2
"""Audio goes out in pieces of at least this, so that its messages do not fill the queue."""
SILENT_DBFS = -120.0
SHOWN = 0.004
"""Lower scores are drawn as none."""


class Watcher:
    """One WebSocket and what waits for it."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.listening = False
        self._socket, self._transport = socket, transport
        self._queue: deque[str | bytes] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()

    def put(self, message: str | bytes) -> bool:
        """False when the queue is full: then the connection is cut."""
        self._bytes += len(message)
        self._queue.append(message)
        if len(self._queue) > QUEUE_MESSAGES or self._bytes > QUEUE_BYTES:
            self.cut()
            return False
        self._arrived.set()
        return True

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def send(self) -> None:
        """What waits, as fast as it is taken; until cancelled or disconnected."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._queue:
                    message = self._queue.popleft()
                    self._bytes -= len(message)
                    if isinstance(message, str):
                        await self._socket.send_str(message)
                    else:
                        await self._socket.send_bytes(message)


class Watchers:
    """All of them; begins to read pulses with the first and ends with the last."""

    def __init__(self, control: Control, limit: int = WATCHERS) -> None:
        self.limit, self.dropped = limit, 0
        self._control = control
        self._all: set[Watcher] = set()
        self._snapshots = Snapshots(control)
        self._feed: Feed[Pulse] | None = None
        self._task: asyncio.Task[None] | None = None
        self._sound = bytearray()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def full(self) -> bool:
        return len(self._all) >= self.limit

    def add(self, watcher: Watcher) -> None:
        self._all.add(watcher)
        if self._feed is None:
            self._feed = self._control.pulses.feed("page", PULSES)
            self._task = asyncio.create_task(self._broadcast(self._feed))
        watcher.put(_text(self._snapshots.take()))

    def remove(self, watcher: Watcher) -> None:
        self._all.discard(watcher)
        if not self._all:
            self.stop()

    def stop(self) -> None:
        """Cut everybody, read no more pulses."""
        for watcher in self._all:
            watcher.cut()
        if self._feed is not None and self._task is not None:
            self._feed.close()
            self._task.cancel()
        self._feed = self._task = None
        self._sound.clear()

    def tell(self, message: dict[str, Any]) -> None:
        """The same to everybody."""
        if self._all:
            self._give(_text(message))

    async def _broadcast(self, feed: Feed[Pulse]) -> None:
        loop = asyncio.get_running_loop()
        state_at = loop.time() + STATE_S
        while True:
            await asyncio.sleep(TICK_S)
            pulses = feed.take()
            if pulses:
                self._give(_text(merged(pulses)))
                self._give_sound(pulses)
            if loop.time() >= state_at:
                state_at = loop.time() + STATE_S
                self.tell(self._snapshots.take())

    def _give(self, message: str) -> None:
        for watcher in tuple(self._all):
            if not watcher.put(message):
                self._all.discard(watcher)
                self.dropped += 1

    def _give_sound(self, pulses: Sequence[Pulse]) -> None:
        listeners = [w for w in self._all if w.listening]
        if not listeners:
            self._sound.clear()
            return
        for pulse in pulses:
            self._sound += pulse.samples
        if len(self._sound) >= 2 * 16_000 * LISTENING_S:
            message = bytes(self._sound)
            self._sound.clear()
            for watcher in listeners:
                watcher.put(message)


def merged(pulses: Sequence[Pulse]) -> dict[str, Any]:
    """Several pulses as one: the last level, the highest peak and scores, all frames."""
    scores: dict[str, dict[str, float]] = {}
    for pulse in pulses:
        for model, of_labels in pulse.scores.items():
            best = scores.setdefault(model, {})
            for label, score in of_labels.items():
                if score >= max(SHOWN, best.get(label, 0.0)):
                    best[label] = round(score, 4)
    frames = [bytes(frame) for pulse in pulses for frame in pulse.bands]
    return {
        "type": "pulse",
        "time_s": round(pulses[-1].time_s, 3),
        "level_dbfs": round(max(SILENT_DBFS, pulses[-1].level_dbfs), 1),
        "peak_dbfs": round(max(SILENT_DBFS, *(p.peak_dbfs for p in pulses)), 1),
        "frames": len(frames),
        "bands": base64.b64encode(b"".join(frames)).decode("ascii"),
        "scores": scores,
    }


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
