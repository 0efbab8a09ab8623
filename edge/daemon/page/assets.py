"""The page's files, read once at the start: a request names one of them or nothing, never a path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """One file."""

    content: bytes
    content_type: str
    etag: str


def assets() -> dict[str, Asset]:
    """Name -> file."""
    return {p.name: _asset(p) for p in sorted(FOLDER.iterdir()) if p.suffix in TYPES}


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:20])
