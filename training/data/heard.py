"""Which recordings a network learnt from, as its bundle can say it: digests of their sources, no names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.data.clip import Clip

MOST = 2_000
"""Sources of which digests are kept; of more the manifest would grow beyond what a device should read."""
DIGITS = 8


def digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:DIGITS]


def digest_of_file(path: Path) -> str:
    """Of a picture's bytes: names repeat between folders, and change."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def digests(clips: Iterable[Clip]) -> str:
    """Of the clips' sources, sorted, with spaces between them; empty for too many."""
    found = sorted({digest(c.speaker) for c in clips})
    return " ".join(found) if len(found) <= MOST else ""


def learnt_from(training: Mapping[str, Any], clips: Sequence[Clip]) -> list[Clip] | None:
    """Those of the clips whose source the network of these facts has heard; None where the facts do not tell."""
    known = set(str(training.get("sources", "")).split())
    return [c for c in clips if digest(c.speaker) in known] if known else None
