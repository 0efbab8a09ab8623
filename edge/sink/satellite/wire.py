"""Wyoming events on a stream, with bounds on everything: the package's own reader takes any length that it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wyoming.event import Event
from wyoming.version import __version__

LINE_LIMIT_BYTES = 64 * 1024
DATA_LIMIT_BYTES = 64 * 1024
PAYLOAD_LIMIT_BYTES = 1024 * 1024
REST_S = 10.0
"""What belongs to a line must follow within."""


class WireError(Exception):
    """What came is no event; the text says why, for the client and for the count."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event, None at the end of the stream; raises WireError. The reader's limit is LINE_LIMIT_BYTES."""
    try:
        line = await reader.readline()
    except ValueError:
        raise WireError(f"a line of more than {LINE_LIMIT_BYTES:,} bytes") from None
    if not line.endswith(b"\n"):
        return None
    head = _table(line, "line")
    kind = head.get("type")
    if not isinstance(kind, str):
        raise WireError("an event without type")
    data = head.get("data") or {}
    if not isinstance(data, dict):
        raise WireError("data that is no object")
    try:
        async with asyncio.timeout(REST_S):
            if size := _length(head, "data_length", DATA_LIMIT_BYTES):
                data = data | _table(await reader.readexactly(size), "data")
            size = _length(head, "payload_length", PAYLOAD_LIMIT_BYTES)
            payload = await reader.readexactly(size) if size else None
    except asyncio.IncompleteReadError:
        return None
    except TimeoutError:
        raise WireError(f"the rest of an event did not come within {REST_S:g} s") from None
    return Event(kind, data, payload)


def encode(event: Event) -> bytes:
    """As the package writes it, in one piece."""
    data = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
    head: dict[str, Any] = {"type": event.type, "version": __version__}
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    return json.dumps(head).encode() + b"\n" + data + (event.payload or b"")


def integer(data: dict[str, Any], key: str, low: int, high: int) -> int:
    """A whole number of an event's data; raises WireError."""
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise WireError(f"{key} {str(value)[:32]!r} is no whole number of {low} to {high}")
    return value


def _table(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError(f"a {what} that is not JSON") from None
    if not isinstance(value, dict):
        raise WireError(f"a {what} that is no object")
    return value


def _length(head: dict[str, Any], key: str, limit: int) -> int:
    return 0 if head.get(key) is None else integer(head, key, 0, limit)
