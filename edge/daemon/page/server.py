"""The page's server: everything behind the port, from the first visit on."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from aiohttp import web

from edge.daemon.config import Config
from edge.daemon.control import Control
from edge.daemon.metrics import Metrics
from edge.daemon.page.access import HEADERS, Access
from edge.daemon.page.app import Page, make_app
from edge.daemon.page.door import Door
from edge.daemon.page.reads import shown
from edge.daemon.page.seen import Seen
from edge.daemon.page.store import Store
from edge.daemon.page.watch import Watchers
from edge.daemon.record import Record

KEEPALIVE_S = 20.0


async def run(
    config: Config,
    control: Control,
    store: Store | None,
    access: Access,
    seen: Seen,
    listening: socket.socket,
    tls: ssl.SSLContext | None,
) -> None:
    """Until cancelled."""
    metrics, watchers = Metrics(control, seen.counts), Watchers(control)
    page = Page(config, control, store, access, watchers, metrics, seen, secure=tls is not None)
    runner = web.AppRunner(make_app(page), access_log=None, shutdown_timeout=1.0)

    def tell(record: Record) -> None:
        audio = page.store is not None and config.store.recordings
        watchers.tell({"type": "record", "record": shown(record, audio=audio)})

    try:
        await runner.setup()
        page.door = metrics.door = Door(_speaker(runner), tls)
        metrics.watchers, seen.tell = watchers, tell
        await page.door.serve(listening)
    finally:
        seen.tell = lambda record: None
        watchers.stop()
        await runner.cleanup()


class Speaker(web.RequestHandler):
    """One connection's HTTP. What is malformed gets its number and nothing else: no version, no echo, no log."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = web.Response(status=status, text=f"{status}\n", headers={"Server": "nuthatch", **HEADERS})
        response.force_close()
        return response


def _speaker(runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
    server, loop = runner.server, asyncio.get_running_loop()
    assert server is not None
    silent = logging.Logger("nuthatch.page.http")
    silent.disabled = True  # it would write what was sent, secrets too, as often as it is sent
    return lambda: Speaker(server, loop=loop, access_log=silent, logger=silent, keepalive_timeout=KEEPALIVE_S)
