"""Who may ask: the Host and Origin of a request, the token or a session made with it, and how often.

A page of another site cannot ask: its Origin differs, and a name that it made point here (DNS rebinding) is not
among ours. Without a token only loopback is served (edge/daemon/page/serve.py).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp import web

COOKIE = "nuthatch"
SESSION_S = 30 * 24 * 3_600.0
CLOSED = 1_000
MARK = "X-Nuthatch"
"""A header that a form of another site cannot send, and a script of another site only after we allowed it."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def host_of(header: str) -> str:
    """``name:port``, ``[::1]:port`` or ``name`` -> the name in lower case without a last dot; "" for nonsense."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


@dataclass
class Access:
    """What one page lets in. ``names``: those by which this machine is asked for; ``token``: "" for none."""

    names: Iterable[str]
    loopback: bool
    token: str = ""
    clock: Callable[[], float] = time.time
    _closed: deque[str] = field(default_factory=lambda: deque(maxlen=CLOSED))

    def __post_init__(self) -> None:
        self._names = {n.lower().rstrip(".") for n in self.names if n} | _LOOPBACK
        self._digest = _digest(self.token)

    def knows_host(self, header: str) -> bool:
        """An address is no name that could be made to point here; a name must be one of ours."""
        host = host_of(header)
        if host in self._names:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or not self.loopback

    def knows_origin(self, request: web.BaseRequest) -> bool:
        """A browser says where the page that asks is from; programs say nothing."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        try:
            asked = urlsplit(origin)
        except ValueError:
            return False
        return asked.scheme in ("http", "https") and asked.netloc.lower() == request.headers.get("Host", "").lower()

    def is_token(self, given: str) -> bool:
        """In the same time whatever was given. Without a token nothing is one."""
        return hmac.compare_digest(_digest(given), self._digest) and bool(self.token)

    def may(self, request: web.BaseRequest) -> bool:
        """Has the token or a session; everybody where no token was set."""
        if not self.token:
            return True
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.is_token(given.strip())
        return self._has_session(request.cookies.get(COOKIE, ""))

    def open_session(self) -> str:
        """The cookie's value: until when, and a signature by the token. Browsers never keep the token itself, yet a
        session outlives a restart of the daemon and ends with another token."""
        text = f"{int(self.clock() + SESSION_S)}.{secrets.token_hex(16)}"
        return f"{text}.{self._signature(text)}"

    def close_session(self, value: str) -> None:
        """Sign out: this value is no session any more, until the daemon starts again."""
        if self._has_session(value):
            self._closed.append(value)

    def _has_session(self, value: str) -> bool:
        text, _, signature = value.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), self._signature(text).encode()):
            return False
        return int(text.partition(".")[0]) > self.clock() and value not in self._closed

    def _signature(self, text: str) -> str:
        return hmac.new(b"session" + self._digest, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "media-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
