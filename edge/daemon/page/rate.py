"""Bounded rates: a bucket for each key that fills with time and is emptied by what is asked."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable


def household_of(address: str) -> str:
    """Whose requests are counted together: an IPv4 address, or the /64 network that one IPv6 user has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


class Buckets:
    """``allow(key)`` is true ``burst`` times at once and ``per_s`` times a second in the long run.

    At most ``keys`` are remembered; the one unused longest is forgotten first, so no flood of keys costs memory.
    """

    def __init__(self, burst: float, per_s: float, keys: int = 1_000, clock: Callable[[], float] = time.monotonic):
        self._burst, self._per_s, self._keys, self._clock = burst, per_s, keys, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, key: str) -> bool:
        now = self._clock()
        left, then = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_s)
        granted = left >= 1.0
        self._left[key] = (left - granted, now)
        if len(self._left) > self._keys:
            self._left.popitem(last=False)
        return granted
