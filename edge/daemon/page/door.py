"""Connections, before anything is read from them: how many, for how long, and how much the kernel holds for each.

asyncio's own server takes whatever comes and keeps it for ever; a thousand clients that send a byte a minute, or
never read, would hold a thousand descriptors and buffers of a daemon that has better things to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.daemon.page.rate import household_of

LOG = logging.getLogger("nuthatch.page")

CONNECTIONS = 128
OF_ONE_ADDRESS = 64
FIRST_REQUEST_S = 10.0
"""From the connection to its first whole request; TLS has the same time for its greeting."""
REQUEST_S = 60.0
AFTER_RESPONSE_S = 30.0
"""To read the response, and to send the next request."""
SEND_BUFFER_BYTES = 65_536
REFUSED_S = 0.005
"""After each connection beyond the limits: a flood waits in the kernel, the daemon has other things to do."""
ROOM_S = 1.0
"""No descriptor left: this long nobody is let in."""


@dataclass(eq=False)
class Visit:
    """One connection."""

    address: str
    deadline: float
    transport: asyncio.Transport | None = None


@dataclass
class Door:
    """Accepts for one server. ``serve`` runs until cancelled; then every connection is cut."""

    factory: Callable[[], asyncio.Protocol]
    tls: ssl.SSLContext | None = None
    limit: int = CONNECTIONS
    of_one_address: int = OF_ONE_ADDRESS
    refused: int = 0
    """Connections beyond the limits."""
    expired: int = 0
    """Connections cut because they took too long."""
    _visits: set[Visit] = field(default_factory=set)
    _crowded: bool = False
    _entering: set[asyncio.Task[None]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._visits)

    async def serve(self, listening: socket.socket) -> None:
        sweeper = asyncio.create_task(self._sweep())
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, address = await loop.sock_accept(listening)
                except OSError as e:
                    await self._wait_for_room(e)
                    continue
                # Connections that wait are handed over without a turn for anybody else.
                await asyncio.sleep(0 if self._greet(connection, household_of(str(address[0]))) else REFUSED_S)
        finally:
            sweeper.cancel()
            for task in self._entering:
                task.cancel()
            for visit in self._visits:
                _cut(visit)

    async def _wait_for_room(self, error: OSError) -> None:
        """No descriptor or memory is left; said once. Other errors are of a client that left while it waited."""
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            if not self._crowded:
                LOG.warning("page: no further connection can be taken (%s)", error.strerror)
            self._crowded = True
            await asyncio.sleep(ROOM_S)

    def _greet(self, connection: socket.socket, address: str) -> bool:
        """False when there was no room."""
        if not self._has_room(address):
            self._forget_gone()
        if not self._has_room(address):
            self.refused += 1
            connection.close()
            return False
        visit = Visit(address, time.monotonic() + FIRST_REQUEST_S)
        self._visits.add(visit)
        task = asyncio.create_task(self._enter(visit, connection))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        return True

    def _has_room(self, address: str) -> bool:
        of_one = sum(v.address == address for v in self._visits)
        return len(self._visits) < self.limit and of_one < self.of_one_address

    def _forget_gone(self) -> None:
        self._visits = {v for v in self._visits if v.transport is None or not v.transport.is_closing()}

    async def _enter(self, visit: Visit, connection: socket.socket) -> None:
        loop, timeout = asyncio.get_running_loop(), FIRST_REQUEST_S if self.tls else None
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            visit.transport, _ = await loop.connect_accepted_socket(
                self.factory, connection, ssl=self.tls, ssl_handshake_timeout=timeout
            )
        except (OSError, asyncio.CancelledError):  # ssl.SSLError is one of them: no greeting, or the wrong one
            connection.close()
            self._visits.discard(visit)

    def busy(self, transport: asyncio.BaseTransport | None) -> None:
        """A whole request has come; it has a minute."""
        self._until(transport, time.monotonic() + REQUEST_S)

    def stays(self, transport: asyncio.BaseTransport | None) -> None:
        """It has become a WebSocket, which watches its own time."""
        self._until(transport, math.inf)

    def answered(self, transport: asyncio.BaseTransport | None) -> None:
        self._until(transport, time.monotonic() + AFTER_RESPONSE_S)

    def _until(self, transport: asyncio.BaseTransport | None, deadline: float) -> None:
        for visit in self._visits:
            if visit.transport is transport:
                visit.deadline = deadline

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._forget_gone()
            now = time.monotonic()
            for visit in self._visits:
                if now > visit.deadline and visit.transport is not None:
                    self.expired += 1
                    _cut(visit)


def _cut(visit: Visit) -> None:
    if visit.transport is not None:
        with contextlib.suppress(OSError):
            visit.transport.abort()
