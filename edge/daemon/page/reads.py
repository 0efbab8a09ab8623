"""What the page asks for: how things are, detections and their sound, labels to take away, the settings."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from aiohttp import web

from edge.daemon.page.evidence import meanings
from edge.daemon.page.settings import settings
from edge.daemon.page.state import Snapshots
from edge.daemon.page.store import Store, Stored
from edge.daemon.page.writes import RECORD_ID
from edge.daemon.record import Record
from edge.source.source import RATE_HZ

if TYPE_CHECKING:
    from edge.daemon.page.app import Page

SHOWN = 50
PAGE_OF_STORE = 500
CHUNK_BYTES = 65_536
LEFT_BYTES = 50_000_000


async def about(page: Page, request: web.Request) -> web.StreamResponse:
    """What does not change while the page is open."""
    fronts = [m.manifest.frontend for m in page.control.models]
    return web.json_response(
        {
            "name": page.control.name,
            "version": page.control.version,
            "listen_in": page.config.page.listen_in,
            "recordings": page.config.store.recordings,
            "store": page.store is not None,
            "token": bool(page.access.token),
            "frame_ms": fronts[0].hop_ms if fronts else 10,
            "low_hz": fronts[0].low_hz if fronts else 0,
            "high_hz": fronts[0].high_hz if fronts else 8_000,
        }
    )


async def state(page: Page, request: web.Request) -> web.StreamResponse:
    return web.json_response(Snapshots(page.control).take())


async def meaning(page: Page, request: web.Request) -> web.StreamResponse:
    """A threshold in false accepts an hour and misses."""
    asked = request.query
    try:
        threshold = float(asked.get("threshold", ""))
        manifest = next(m.manifest for m in page.control.models if m.manifest.name == asked.get("model"))
        found = meanings(manifest, asked.get("label", ""), threshold)
    except (ValueError, KeyError, StopIteration):
        return web.json_response({"error": "model, label and threshold of a running task are needed"}, status=400)
    return web.json_response({"threshold": threshold, "meanings": [asdict(m) for m in found]})


async def detections(page: Page, request: web.Request) -> web.StreamResponse:
    before, n = request.query.get("before"), request.query.get("n", str(SHOWN))
    if before is not None and not RECORD_ID.fullmatch(before):
        return web.json_response({"error": "before: 20 hexadecimal digits are needed"}, status=400)
    if not n.isascii() or not n.isdigit() or not 1 <= int(n[:9]) <= PAGE_OF_STORE:
        return web.json_response({"error": f"n: 1 to {PAGE_OF_STORE}"}, status=400)
    if page.store is None:
        kept = [r for r in reversed(page.seen.recent) if before is None or r.id < before]
        return web.json_response([shown(r) for r in kept[: int(n)]])
    found = await asyncio.to_thread(page.store.last, int(n), before)
    sound = page.config.store.recordings
    return web.json_response([shown(s.record, s.verdict, sound and s.has_audio) for s in found])


def shown(record: Record, verdict: str = "", audio: bool = False) -> dict[str, Any]:
    return {**asdict(record), "verdict": verdict, "audio": audio}


async def audio(page: Page, request: web.Request) -> web.StreamResponse:
    """A detection's sound; only while recording is on."""
    record_id = request.match_info["id"]
    if page.store is None or not page.config.store.recordings or not RECORD_ID.fullmatch(record_id):
        return web.json_response({"error": "no recording"}, status=404)
    content = await asyncio.to_thread(page.store.audio, record_id)
    if content is None:
        return web.json_response({"error": "no recording"}, status=404)
    return _part(request, content)


def _part(request: web.Request, content: bytes) -> web.Response:
    """All of it, or the range that was asked for: players look at the end to know how long it is."""
    headers = {"Content-Type": "audio/ogg", "Accept-Ranges": "bytes"}
    try:
        start, end, _ = request.http_range.indices(len(content))
    except ValueError:
        start, end = len(content), 0
    if start >= end:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    if "Range" not in request.headers:
        return web.Response(body=content, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:end], headers=headers)


async def labels(page: Page, request: web.Request) -> web.StreamResponse:
    """Every labelled record as JSON Lines."""
    found = [] if page.store is None else await asyncio.to_thread(page.store.labelled)
    response = web.StreamResponse(headers=_download("nuthatch-labels.jsonl", "application/x-ndjson"))
    await response.prepare(request)
    for start in range(0, len(found), PAGE_OF_STORE):
        await response.write("".join(map(_line, found[start : start + PAGE_OF_STORE])).encode())
    return response


def _line(stored: Stored) -> str:
    return json.dumps({**asdict(stored.record), "verdict": stored.verdict}, ensure_ascii=False) + "\n"


async def export(page: Page, request: web.Request) -> web.StreamResponse:
    """What is labelled, with its sound, in the layout that training reads; one at a time."""
    if page.store is None or not page.config.store.recordings:
        return web.json_response({"error": "recording is off; take the labels alone"}, status=404)
    if page.exporting.locked():
        return web.json_response({"error": "another download is being made; wait for it"}, status=429)
    async with page.exporting:
        if not await asyncio.to_thread(_fits, page.store, page.control.state_folder, page.config.store.recording_s):
            return web.json_response({"error": "the disk has no room for it; use nuthatch store export"}, status=507)
        packed = await asyncio.to_thread(_packed, page.store, page.control.state_folder)
    with packed:
        response = web.StreamResponse(headers=_download("nuthatch-labels.zip", "application/zip"))
        await response.prepare(request)
        while chunk := await asyncio.to_thread(packed.read, CHUNK_BYTES):
            await response.write(chunk)
    return response


def _fits(store: Store, folder: Path, recording_s: float) -> bool:
    """Every recording unpacked, twice, leaves the daemon some room."""
    sounds = sum(s.has_audio for s in store.labelled())
    return shutil.disk_usage(folder).free > 2 * sounds * recording_s * 2 * RATE_HZ + LEFT_BYTES


def _packed(store: Store, folder: Path) -> IO[bytes]:
    """A zip without a name: gone with its last reader, even after a crash."""
    packed = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
    with tempfile.TemporaryDirectory(prefix="export-", dir=folder) as name, zipfile.ZipFile(packed, "w") as archive:
        store.export(Path(name))
        for path in sorted(Path(name).rglob("*")):
            if path.is_file() and not path.is_symlink():
                archive.write(path, path.relative_to(name))
    packed.seek(0)
    return packed


def _download(name: str, content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}


async def configuration(page: Page, request: web.Request) -> web.StreamResponse:
    return web.json_response(settings(page.config))


ROUTES: dict[str, Callable[[Page, web.Request], Awaitable[web.StreamResponse]]] = {
    "about": about,
    "state": state,
    "meaning": meaning,
    "detections": detections,
    "audio/{id}": audio,
    "labels.jsonl": labels,
    "labels.zip": export,
    "settings": configuration,
}
