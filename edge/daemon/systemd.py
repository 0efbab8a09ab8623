"""What the service tells systemd: datagrams on the socket that it names in the environment (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Says nothing where systemd does not listen. Any thread may call; nothing here waits or raises."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # a name that begins with @ is in the abstract namespace, whose names begin with a zero
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        self.watchdog_s = _watchdog_s(environ)
        """systemd ends the service when it hears nothing for so long; 0: it does not watch."""

    def ready(self, status: str = "") -> None:
        """Started; or a reload has ended."""
        self._say("READY=1", status)

    def alive(self) -> None:
        """Kick the watchdog: only while audio advances."""
        self._say("WATCHDOG=1")

    def status(self, text: str) -> None:
        """The line that ``systemctl status`` shows."""
        self._say("", text)

    def reloading(self) -> None:
        """The configuration is read again; ``ready`` ends it."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")

    def stopping(self, status: str = "") -> None:
        """On the way out."""
        self._say("STOPPING=1", status)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _say(self, state: str, status: str = "") -> None:
        line = f"STATUS={' '.join(status.split())}" if status else ""
        message = "\n".join(filter(None, (state, line)))
        if self._socket is not None and message:
            # a full queue or a systemd that restarts: the next word will reach it
            with contextlib.suppress(OSError):
                self._socket.sendto(message.encode(), self._address)


def _watchdog_s(environ: Mapping[str, str]) -> float:
    """Of this process only: the variables are inherited by its children."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return max(0, int(environ.get("WATCHDOG_USEC", "0"))) / 1e6
    except ValueError:
        return 0.0
