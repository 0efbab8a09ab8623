"""What the page may change: thresholds, the mute switch, labels. Each takes a JSON object and answers with one.

A ValueError or KeyError becomes a refusal with its text.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.daemon.page.app import Page

RECORD_ID = re.compile(r"[0-9a-f]{20}")
VERDICT = re.compile(r"[\w][\w' -]{0,63}")
"""A label becomes the name of a folder when labels are exported: no dots, no slashes."""


async def threshold(page: Page, asked: dict[str, Any]) -> dict[str, Any]:
    model, label, value = _text(asked, "model"), _text(asked, "label"), asked.get("threshold")
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("threshold: a number over 0 to 1 is needed")
    page.control.set_threshold(model, label, float(value))
    page.watchers.tell({"type": "threshold", "model": model, "label": label, "threshold": float(value)})
    return {"threshold": float(value)}


async def mute(page: Page, asked: dict[str, Any]) -> dict[str, Any]:
    on = asked.get("on")
    if not isinstance(on, bool):
        raise ValueError("on: true or false is needed")
    page.control.mute(on)
    page.watchers.tell({"type": "muted", "muted": page.control.muted})
    return {"muted": page.control.muted}


async def label(page: Page, asked: dict[str, Any]) -> dict[str, Any]:
    """An empty verdict takes it back."""
    record_id, verdict = _text(asked, "id"), asked.get("verdict")
    if not RECORD_ID.fullmatch(record_id):
        raise ValueError("id: 20 hexadecimal digits are needed")
    if not isinstance(verdict, str) or (verdict and not VERDICT.fullmatch(verdict)):
        raise ValueError("verdict: right, wrong, or what it was, in up to 64 letters, digits, spaces, - and _")
    if page.store is None:
        raise ValueError("nothing is kept here, so nothing can be labelled")
    try:
        await asyncio.to_thread(page.store.label, record_id, verdict)
    except KeyError:
        raise ValueError("this detection is not kept any more") from None
    page.watchers.tell({"type": "label", "id": record_id, "verdict": verdict})
    return {"verdict": verdict}


def _text(asked: dict[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise ValueError(f"{key}: a text is needed")
    return value


ROUTES: dict[str, Callable[[Page, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    "threshold": threshold,
    "mute": mute,
    "label": label,
}
