"""The page's routes, and the guard that every request passes before any of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from edge.daemon.config import Config
from edge.daemon.control import Control
from edge.daemon.metrics import Metrics, health_report
from edge.daemon.page import reads, writes
from edge.daemon.page.access import COOKIE, HEADERS, MARK, Access
from edge.daemon.page.assets import Asset, assets
from edge.daemon.page.door import Door
from edge.daemon.page.rate import Buckets, household_of
from edge.daemon.page.seen import Seen
from edge.daemon.page.store import Store
from edge.daemon.page.watch import Watcher, Watchers
from edge.daemon.store.error import StoreError

LOG = logging.getLogger("nuthatch.page")

BODY_BYTES = 16_384
SOCKET_MESSAGE_BYTES = 1_024
SOCKET_MESSAGES = (20.0, 5.0)
"""From one WebSocket: at once, and a second."""
REQUESTS = (120.0, 30.0)
"""From one address: at once, and a second."""
HEARTBEAT_S = 10.0
OPEN = {"/login", "/api/login", "/healthz"}
"""For everybody who reaches the port; the files of the page too, which hold nothing of anybody's."""
PAGES = {"/", "/login"}
"""What a link on another site may open."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Page:
    """What the handlers need."""

    config: Config
    control: Control
    store: Store | None
    access: Access
    watchers: Watchers
    metrics: Metrics
    seen: Seen
    secure: bool = False
    """Cookies go over TLS only."""
    door: Door | None = None
    assets: dict[str, Asset] = field(default_factory=assets)
    requests: Buckets = field(default_factory=lambda: Buckets(*REQUESTS))
    guesses: Buckets = field(default_factory=lambda: Buckets(burst=5, per_s=1 / 12))
    exporting: asyncio.Lock = field(default_factory=asyncio.Lock)


PAGE = web.AppKey("page", Page)


def make_app(page: Page) -> web.Application:
    app = web.Application(middlewares=[_guard], client_max_size=BODY_BYTES)
    app[PAGE] = page
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", _asset("index.html"))
    app.router.add_get("/login", _asset("login.html"))
    app.router.add_get("/static/{name}", _static)
    app.router.add_get("/ws", _watch)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _health)
    app.router.add_post("/api/login", _login)
    app.router.add_post("/api/logout", _logout)
    for name, handler in reads.ROUTES.items():
        app.router.add_get(f"/api/{name}", _with_page(handler))
    for name, change in writes.ROUTES.items():
        app.router.add_post(f"/api/{name}", _change(change))
    return app


def refusal(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    page = request.app[PAGE]
    if page.door is not None:
        page.door.busy(request.transport)
    try:
        refused = _refused(page, request)
        return refused if refused is not None else await handler(request)
    except web.HTTPException as e:
        return refusal(e.status, e.reason)
    except StoreError as e:
        return refusal(503, str(e))
    except (ConnectionError, TimeoutError):
        raise
    except Exception:
        LOG.exception("page: %s %s failed", request.method, request.match_info.route.resource)
        return refusal(500, "the daemon's log says why")
    finally:
        if page.door is not None:
            page.door.answered(request.transport)


def _refused(page: Page, request: web.Request) -> web.Response | None:
    """Why this request is not answered; None when it is."""
    if not page.access.knows_host(request.headers.get("Host", "")):
        return refusal(421, "asked for by a name that is not this page's; add it to page.names, or use the address")
    if not page.access.knows_origin(request) and not _is_link(request):
        return refusal(403, "asked for by another site")
    if not page.requests.allow(household_of(request.remote or "")):
        return refusal(429, "too many requests; wait a second")
    if request.method == "POST" and not (request.headers.get(MARK) and request.content_type == "application/json"):
        return refusal(403, f"a change needs the header {MARK} and a body of JSON")
    if request.path in OPEN or request.path.startswith("/static/") or page.access.may(request):
        return None
    if request.path == "/":
        return web.Response(status=303, headers={"Location": "/login"})
    return refusal(401, "needs the token: Authorization: Bearer ..., or sign in on the page")


def _is_link(request: web.Request) -> bool:
    return request.method == "GET" and request.path in PAGES and request.headers.get("Sec-Fetch-Mode") == "navigate"


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers["Server"] = "nuthatch"
    response.headers.setdefault("Cache-Control", "no-store")


def _asset(name: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return _file(request, request.app[PAGE].assets[name])

    return handler


async def _static(request: web.Request) -> web.StreamResponse:
    asset = request.app[PAGE].assets.get(request.match_info["name"])
    return refusal(404, "no such file") if asset is None else _file(request, asset)


def _file(request: web.Request, asset: Asset) -> web.StreamResponse:
    headers = {"ETag": f'"{asset.etag}"', "Cache-Control": "no-cache"}
    if asset.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.content, content_type=asset.content_type, charset="utf-8", headers=headers)


def _with_page(handler: Callable[[Page, web.Request], Awaitable[web.StreamResponse]]) -> Handler:
    async def with_page(request: web.Request) -> web.StreamResponse:
        return await handler(request.app[PAGE], request)

    return with_page


def _change(change: Callable[[Page, dict[str, Any]], Awaitable[dict[str, Any]]]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await change(request.app[PAGE], await body(request)))
        except (ValueError, KeyError) as e:
            return refusal(400, str(e.args[0]) if e.args else "not understood")

    return handler


async def body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; raises ValueError."""
    try:
        given = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if not isinstance(given, dict):
        raise ValueError("the body is no JSON object")
    return given


async def _login(request: web.Request) -> web.StreamResponse:
    page = request.app[PAGE]
    address = household_of(request.remote or "")
    if not page.guesses.allow(address):
        return refusal(429, "too many tries; wait a minute")
    try:
        token = (await body(request)).get("token")
    except ValueError as e:
        return refusal(400, str(e))
    if not isinstance(token, str) or not page.access.is_token(token):
        LOG.warning("page: a wrong token from %s", address)
        return refusal(401, "not the token")
    response = web.json_response({})
    response.set_cookie(
        COOKIE, page.access.open_session(), httponly=True, samesite="Strict", secure=page.secure, max_age=30 * 86_400
    )
    return response


async def _logout(request: web.Request) -> web.StreamResponse:
    request.app[PAGE].access.close_session(request.cookies.get(COOKIE, ""))
    response = web.json_response({})
    response.del_cookie(COOKIE)
    return response


async def _watch(request: web.Request) -> web.StreamResponse:
    """The WebSocket: moments out; in comes only whether this watcher listens."""
    page = request.app[PAGE]
    if page.watchers.full:
        return refusal(503, f"{page.watchers.limit} pages are open already; close one")
    # Compression would cost the daemon memory and time for each watcher.
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, max_msg_size=SOCKET_MESSAGE_BYTES, compress=False, timeout=2.0
    )
    if not socket.can_prepare(request).ok:
        return refusal(426, "this address speaks WebSocket only")
    await socket.prepare(request)
    if page.door is not None:
        page.door.stays(request.transport)
    watcher = Watcher(socket, request.transport)
    page.watchers.add(watcher)
    sender = asyncio.create_task(watcher.send())
    try:
        await _hear(page, watcher, socket)
    finally:
        page.watchers.remove(watcher)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await sender
    return socket


async def _hear(page: Page, watcher: Watcher, socket: web.WebSocketResponse) -> None:
    budget = Buckets(*SOCKET_MESSAGES, keys=1)
    async for message in socket:
        if message.type is not WSMsgType.TEXT or not budget.allow(""):
            watcher.cut()
            return
        try:
            asked = json.loads(message.data)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict) or not isinstance(asked.get("listen"), bool):
            watcher.cut()
            return
        watcher.listening = asked["listen"] and page.config.page.listen_in


async def _metrics(request: web.Request) -> web.StreamResponse:
    content, content_type = request.app[PAGE].metrics.exposition(request.headers.get("Accept", ""))
    return web.Response(body=content, headers={"Content-Type": content_type})


async def _health(request: web.Request) -> web.StreamResponse:
    """Whether all is well, for everybody; what is wrong, for those who may know."""
    page = request.app[PAGE]
    healthy, report = health_report(page.control)
    shown = report if page.access.may(request) else {"alive": True, "ok": report["ok"]}
    return web.json_response(shown, status=200 if healthy else 503)
