"""A Wyoming wake-word service: Home Assistant and its satellites find it, and hear of wake words.

A client that sends ``detect`` and then audio has its audio run through the models and is told what was in it, or at
its end that nothing was. A client that sends ``detect`` and no audio is told what this device itself hears.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pydantic import Field

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.manifest import BundleError
from edge.sink.delivery.cancel import together
from edge.sink.delivery.wanted import Wanted

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable

    from edge.sink.satellite.hearing import Hearing
    from edge.sink.satellite.words import Word

_log = logging.getLogger("nuthatch")

RETRY_S = 5.0
IDLE_S = 60.0
"""A client that asks for nothing is disconnected."""
NO_AUDIO_S = 1.0
"""After ``detect``: who has sent no audio by then wants to know what this device hears."""
SLOW_BYTES = 64 * 1024
AHEAD_S = 30.0
FASTEST = 10.0
"""A client may send so many seconds at once, beyond that so many times as fast as it sounds."""


class Config(Wanted):
    """``[sink.wyoming]``"""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        title="Address",
        description="Where to answer; 0.0.0.0 for the whole network. The protocol knows no password: whoever can "
        "connect hears of wake words and may have audio of its own listened to.",
        examples=["0.0.0.0"],
    )
    port: int = Field(10_400, ge=0, le=65_535, title="Port", description="TCP port; 0 for a free one.")
    zeroconf: bool = Field(
        True,
        title="Announce",
        description="Tell the local network that the service is here, so that Home Assistant finds it; "
        "never done for a loopback address.",
    )
    clients: int = Field(16, ge=1, le=1_000, title="Clients", description="So many may be connected.")
    streams: int = Field(4, ge=1, le=100, title="Streams", description="Of so many the audio is heard at a time.")


async def run(config: Config, feed: Feed[Record], control: Control) -> None:
    """Until the feed is closed."""
    from edge.sink.satellite.wire import LINE_LIMIT_BYTES

    service = Service(config, control)
    while True:
        try:
            server = await asyncio.start_server(service.welcome, config.host, config.port, limit=LINE_LIMIT_BYTES)
            break
        except OSError as e:
            where = f"{config.host}:{config.port}"
            service.say(False, "retrying", f"{where}: {e.strerror or e}; set sink.wyoming.host and port")
            await asyncio.sleep(RETRY_S)
            if feed.closed:
                return
    service.port = server.sockets[0].getsockname()[1]
    service.say()
    try:
        await together(service.tell(feed), _announce(config, control, service.port))
    finally:
        server.close()
        service.close()


async def _announce(config: Config, control: Control, port: int) -> None:
    from edge.sink.satellite.announcement import announce, is_loopback

    if config.zeroconf and not is_loopback(config.host):
        await announce(control.name, config.host, port)
    await asyncio.Event().wait()


class Service:
    """All clients."""

    def __init__(self, config: Config, control: Control) -> None:
        self.config, self.control, self.port = config, control, config.port
        self.counts = {"detections": 0, "malformed": 0, "refused": 0, "slow": 0}
        self.streams = 0
        # One thread: however many satellites, they never take more than one core from the microphone.
        self.thread = ThreadPoolExecutor(1, "sink/wyoming")
        self._clients: dict[asyncio.Task[None], Client] = {}

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it goes or sends what is no Wyoming."""
        from edge.sink.satellite.wire import WireError

        task = asyncio.current_task()
        assert task is not None
        client = Client(self, reader, writer)
        try:
            if len(self._clients) >= self.config.clients:
                self.counts["refused"] += 1
                client.complain("busy", f"{self.config.clients} clients are connected")
                return
            self._clients[task] = client
            self.say()
            await client.serve()
        except WireError as e:
            self.counts["malformed"] += 1
            client.complain("malformed", str(e))
        except BundleError as e:
            client.complain("failed", str(e))
        except (OSError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass  # by close; asyncio's server would log it
        except Exception:
            _log.exception("wyoming: a client was disconnected by a defect")
        finally:
            self._clients.pop(task, None)
            client.close()
            self.say()

    async def tell(self, feed: Feed[Record]) -> None:
        """What this device hears, to those who want to know."""
        async for record in feed:
            if not self.config.wants(record):
                continue
            for client in list(self._clients.values()):
                client.tell(record)
            self.say()

    def close(self) -> None:
        for task in list(self._clients):
            task.cancel()
        self.thread.shutdown(wait=False, cancel_futures=True)

    def say(self, ok: bool = True, state: str = "serving", text: str = "") -> None:
        facts = self.counts | {"clients": len(self._clients), "streams": self.streams}
        text = text or f"{self.config.host}:{self.port}"
        self.control.health.say("sink/wyoming", ok, state, text, **facts)


class Client:
    """One connection."""

    def __init__(self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._service, self._reader, self._writer = service, reader, writer
        self._names: list[str] | None = None
        self._asked_s: float | None = None
        """When it sent ``detect``; None before, and once it sends audio."""
        self._hearing: Hearing | None = None
        self._began_s = 0.0
        self._detected = False
        self._holds = False
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    async def serve(self) -> None:
        """Raises WireError, BundleError, or what ended the connection."""
        from edge.sink.satellite.wire import read_event

        while True:
            waits = self._asked_s is not None or self._hearing is not None
            async with asyncio.timeout(None if waits else IDLE_S):
                event = await read_event(self._reader)
            if event is None:
                return
            await self._answer(event)
            await self._writer.drain()

    async def _answer(self, event: Event) -> None:
        from wyoming.ping import Ping, Pong

        from edge.sink.satellite.words import info

        if event.type == "describe":
            self.write(info(self._service.control, self._service.config))
        elif event.type == "detect":
            self._detect(event)
        elif event.type == "audio-start":
            await self._begin(event)
        elif event.type == "audio-chunk":
            await self._hear(event)
        elif event.type == "audio-stop":
            await self._stop()
        elif Ping.is_type(event.type):
            self.write(Pong(text=str(event.data.get("text") or "")[:1_000]))
        # What another version of the protocol may have is passed over, as the protocol asks.

    def _detect(self, event: Event) -> None:
        from edge.sink.satellite.wire import WireError

        names = event.data.get("names")
        if names is not None and not (isinstance(names, list) and all(isinstance(n, str) for n in names)):
            raise WireError("names that are no list of texts")
        self._names, self._asked_s = names, time.monotonic()
        if names and not self._wanted():
            self.complain("unknown", f"no wake word {', '.join(names)[:200]!r} runs here")

    def _wanted(self) -> dict[tuple[str, str], tuple[str, Word]]:
        from edge.sink.satellite.words import chosen, words

        return chosen(words(self._service.control, self._service.config), self._names)

    async def _begin(self, event: Event) -> None:
        from edge.sink.satellite.hearing import Format, Hearing

        self._end()
        audio = Format.of(event.data)
        if self._service.streams >= self._service.config.streams:
            self._service.counts["refused"] += 1
            self.complain("busy", f"{self._service.config.streams} clients are listened to already")
            raise ConnectionAbortedError
        self._service.streams += 1
        self._holds, self._asked_s, self._detected = True, None, False
        self._hearing = await self._threaded(Hearing, self._wanted(), audio)
        self._began_s = time.monotonic()
        self._service.say()

    async def _hear(self, event: Event) -> None:
        from edge.sink.satellite.hearing import Format

        audio = Format.of(event.data)
        if self._hearing is None or self._hearing.format != audio:
            await self._begin(event)
        assert self._hearing is not None
        self._tell_words(await self._threaded(self._hearing.push, event.payload or b""), event.data.get("timestamp"))
        await asyncio.sleep((self._hearing.heard_s - AHEAD_S) / FASTEST - (time.monotonic() - self._began_s))

    async def _stop(self) -> None:
        from wyoming.wake import NotDetected

        if self._hearing is not None:
            self._tell_words(await self._threaded(self._hearing.finish), None)
        if not self._detected:
            self.write(NotDetected())
        self._end()

    def _tell_words(self, names: list[str], timestamp: object) -> None:
        from wyoming.wake import Detection

        if self._hearing is None:
            return
        heard_ms = round(1_000 * self._hearing.heard_s)
        for name in names:
            self._detected = True
            self._service.counts["detections"] += 1
            self.write(Detection(name=name, timestamp=timestamp if isinstance(timestamp, int) else heard_ms))
        if names:
            self._service.say()

    def tell(self, record: Record) -> None:
        """What the device itself heard, unless this client sends audio of its own."""
        from wyoming.wake import Detection

        if self._asked_s is None or time.monotonic() - self._asked_s < NO_AUDIO_S:
            return
        found = self._wanted().get((record.model, record.label))
        if found is not None:
            self._service.counts["detections"] += 1
            self.write(Detection(name=found[0], timestamp=round(1_000 * record.time_s)))

    def write(self, message: Eventable) -> None:
        """Never waits; a client that does not read is disconnected."""
        from edge.sink.satellite.wire import encode

        self._writer.write(encode(message.event()))
        if self._writer.transport.get_write_buffer_size() > SLOW_BYTES:
            self._service.counts["slow"] += 1
            self._writer.transport.abort()

    def complain(self, code: str, text: str) -> None:
        from wyoming.error import Error

        with contextlib.suppress(OSError):
            self.write(Error(text=text, code=code))

    def close(self) -> None:
        self._end()
        self._writer.close()

    def _end(self) -> None:
        self._hearing = None
        if self._holds:
            self._holds = False
            self._service.streams -= 1

    async def _threaded(self, work, *arguments):  # type: ignore[no-untyped-def]
        return await asyncio.get_running_loop().run_in_executor(self._service.thread, work, *arguments)
