"""The service's name on the local network (zeroconf), by which Home Assistant finds it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ifaddr
from zeroconf import Error
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICE = "_wyoming._tcp.local."
LOOK_EVERY_S = 30.0
"""The network may come up after the daemon, and change its addresses later."""

_log = logging.getLogger("nuthatch")


def is_loopback(host: str) -> bool:
    """Only this machine itself can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def addresses(host: str) -> list[str]:
    """Where others reach a server that listens on ``host``; IPv4 only."""
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host).is_unspecified:
            return [host]
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return sorted(a for a in found if not ipaddress.ip_address(a).is_loopback)


async def announce(name: str, host: str, port: int) -> None:
    """Until cancelled."""
    while True:
        places = addresses(host)
        try:
            async with _announced(name, places, port):
                while addresses(host) == places:
                    await asyncio.sleep(LOOK_EVERY_S)
        except (OSError, Error) as e:
            _log.warning("wyoming: not announced on the network: %s", " ".join(str(e).split()) or type(e).__name__)
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def _announced(name: str, places: list[str], port: int) -> AsyncIterator[None]:
    if not places:
        yield
        return
    zeroconf = AsyncZeroconf(interfaces=list(places))
    try:
        plain = "".join(c for c in name if c.isprintable()).replace(".", " ").encode()[:50].decode("utf-8", "ignore")
        info = AsyncServiceInfo(SERVICE, f"{plain or 'nuthatch'}.{SERVICE}", port=port, parsed_addresses=places)
        await zeroconf.async_register_service(info, allow_name_change=True)
        yield
    finally:
        await zeroconf.async_close()
