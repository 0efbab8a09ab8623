"""Bytes to and from a board: a serial port, an emulator's socket, or a program's standard input and output."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Protocol

BAUD = 115_200
_CHUNK_BYTES = 4096


class LinkError(Exception):
    """One line: the board, what it said or did not say, the remedy."""


class Transport(Protocol):
    """A byte stream that loses what it likes but never waits longer than it is told to."""

    name: str
    """What errors call the board."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived; b"" when nothing does in that time. Raises LinkError once nothing ever will."""

    def write(self, data: bytes, timeout_s: float) -> None:
        """All of it; raises LinkError when the other end does not take it in that time."""

    def close(self) -> None:
        """Let go of the other end; a program is ended."""


class Serial:
    """A serial port (USB or UART), by pyserial."""

    def __init__(self, port: str, baud: int = BAUD) -> None:
        self.name = port
        try:
            import serial
        except ImportError:
            raise LinkError(f"{port}: serial ports need pyserial; pip install pyserial") from None
        self._errors: Any = (serial.SerialException, OSError)
        try:
            self._port = serial.Serial(port, baud, timeout=0, write_timeout=1.0)
        except self._errors as e:
            raise LinkError(f"{port}: cannot be opened ({e}); is the board connected, and free?") from None

    def read(self, timeout_s: float) -> bytes:
        try:
            self._port.timeout = timeout_s
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""
        except self._errors as e:
            raise LinkError(f"{self.name}: the port is gone ({e}); plug the board in again") from None

    def write(self, data: bytes, timeout_s: float) -> None:
        try:
            self._port.write_timeout = timeout_s
            self._port.write(data)
        except self._errors as e:
            raise LinkError(f"{self.name}: the board takes no bytes ({e}); reset it") from None

    def close(self) -> None:
        self._port.close()


class Descriptors:
    """What files, sockets and pipes have in common: two descriptors that can be waited for."""

    def __init__(self, name: str, incoming: int, outgoing: int) -> None:
        self.name, self._in, self._out = name, incoming, outgoing
        os.set_blocking(incoming, False)
        os.set_blocking(outgoing, False)

    def read(self, timeout_s: float) -> bytes:
        if not select.select([self._in], [], [], timeout_s)[0]:
            return b""
        try:
            data = os.read(self._in, _CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            raise LinkError(f"{self.name}: the other end has closed; start it again")
        return data

    def write(self, data: bytes, timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while data:
            if not select.select([], [self._out], [], max(0.0, end - time.monotonic()))[1]:
                raise LinkError(f"{self.name}: takes no bytes for {timeout_s:g} s; reset the board")
            try:
                data = data[os.write(self._out, data) :]
            except BlockingIOError:
                continue
            except OSError as e:
                raise LinkError(f"{self.name}: the other end has closed ({e.strerror}); start it again") from None


class Socket(Descriptors):
    """An emulator whose UART listens on a port; waits until it does."""

    def __init__(self, host: str, port: int, timeout_s: float = 10.0) -> None:
        self._socket = _connected(host, port, timeout_s)
        super().__init__(f"{host}:{port}", self._socket.fileno(), self._socket.fileno())

    def close(self) -> None:
        self._socket.close()


def _connected(host: str, port: int, timeout_s: float) -> socket.socket:
    end = time.monotonic() + timeout_s
    while True:
        try:
            return socket.create_connection((host, port), timeout_s)
        except OSError as e:
            if time.monotonic() >= end:
                raise LinkError(f"{host}:{port}: nobody listens ({e.strerror or e}); start the emulator") from None
            time.sleep(0.05)


class Process(Descriptors):
    """A program that speaks on its standard input and output: native firmware, or an emulator."""

    def __init__(self, command: Sequence[str], name: str = "") -> None:
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as e:
            raise LinkError(f"{command[0]}: cannot be run ({e.strerror})") from None
        assert self._process.stdin and self._process.stdout
        super().__init__(name or command[0], self._process.stdout.fileno(), self._process.stdin.fileno())

    def close(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        self._process.wait()


def open_transport(where: str, baud: int = BAUD) -> Transport:
    """``socket://host:port``, or a serial port's name."""
    scheme, separator, rest = where.partition("://")
    if not separator:
        return Serial(where, baud)
    host, _, port = rest.rpartition(":")
    if scheme not in ("socket", "tcp") or not port.isdecimal():
        raise LinkError(f"{where}: no such connection; give socket://host:port, or a serial port")
    return Socket(host or "127.0.0.1", int(port))
