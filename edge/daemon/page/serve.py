"""The page in the browser, /metrics and /healthz: opened by the service, open until it is cancelled.

aiohttp and the metrics' library are a sixth of the daemon's memory: they are loaded with the first visit.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Callable

from edge.daemon.config import Config
from edge.daemon.control import Control
from edge.daemon.page.access import Access
from edge.daemon.page.seen import Seen
from edge.daemon.page.store import Store
from edge.daemon.secret import SecretError, find, secret_of

LOG = logging.getLogger("nuthatch.page")

RECORDS = 1_000
BACKLOG = 64
TOKEN_CHARACTERS = 16


class PageError(Exception):
    """The page cannot be opened; one line with the remedy."""


async def serve(
    config: Config, control: Control, store: Store | None, opened: Callable[[str], None] = lambda address: None
) -> None:
    """Until cancelled. ``opened`` gets the address for a browser. Raises PageError before anything is served."""
    access, tls = _access(config, control), _tls(config)
    listening = _listen(config)
    seen, feed = Seen(), control.records.feed("page", RECORDS)
    following = asyncio.create_task(seen.follow(feed))
    try:
        address = _address(config, listening, tls)
        control.health.say("page", True, "open", address)
        if tls is None and not config.page.is_loopback:
            LOG.warning("page: without tls_certificate the token goes over the network in clear")
        opened(address)
        await _visit(listening)
        server = await asyncio.to_thread(importlib.import_module, "edge.daemon.page.server")
        await server.run(config, control, store, access, seen, listening, tls)
    finally:
        control.health.forget("page")
        feed.close()
        listening.close()
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def _visit(listening: socket.socket) -> None:
    """Until somebody knocks."""
    loop, knock = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listening, knock.set)
    try:
        await knock.wait()
    finally:
        loop.remove_reader(listening)


def _access(config: Config, control: Control) -> Access:
    try:
        token = secret_of(config.page.token, config.page.token_file) or ""
    except SecretError as e:
        raise PageError(f"page: {e}") from None
    if not token and not config.page.is_loopback:
        raise PageError(
            f"page: {config.page.host} is open to others and needs page.token or page.token_file; or use 127.0.0.1"
        )
    if token and len(token) < TOKEN_CHARACTERS:
        raise PageError(
            f"page: a token of {len(token)} characters is too short, {TOKEN_CHARACTERS} are needed; "
            "make one with: openssl rand -hex 16"
        )
    machine = socket.gethostname()
    own = [control.name, machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local"]
    names = [*config.page.names, config.page.host, *([] if config.page.is_loopback else own)]
    return Access(names, config.page.is_loopback, token)


def _tls(config: Config) -> ssl.SSLContext | None:
    certificate, key = config.page.tls_certificate, config.page.tls_key
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(find(certificate), find(key), password=_no_passphrase)
    except (OSError, ssl.SSLError) as e:
        reason = getattr(e, "strerror", None) or type(e).__name__
        raise PageError(
            f"page: tls_certificate {certificate} with tls_key {key} cannot be used ({reason}); both are PEM files, "
            "the key without a passphrase"
        ) from None
    return context


def _no_passphrase() -> str:
    """Asking would wait for a terminal for ever."""
    return ""


def _listen(config: Config) -> socket.socket:
    """A bound socket; raises PageError in one line when the port is taken or the address is not this machine's."""
    host, port = config.page.host, config.page.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as e:
        raise PageError(f"page: host {host} is no address of this machine ({e.strerror}); use 127.0.0.1") from None
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as e:
        listening.close()
        raise PageError(_why_not_bound(host, port, e)) from None
    return listening


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"page: port {port} of {host} is in use by another program; give another page.port, or end that program"
    if error.errno == errno.EACCES:
        return f"page: port {port} may not be opened by this user; give a page.port from 1024 on"
    return f"page: {host} port {port} cannot be opened ({os.strerror(error.errno or 0)}); check page.host"


def _address(config: Config, listening: socket.socket, tls: ssl.SSLContext | None) -> str:
    """For a browser: any address becomes this machine's name."""
    host, port = config.page.host, listening.getsockname()[1]
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            host = socket.gethostname()
        elif address.version == 6:
            host = f"[{host}]"
    return f"{'https' if tls else 'http'}://{host}:{port}"
