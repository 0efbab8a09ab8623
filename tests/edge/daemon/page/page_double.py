"""A page that is open in an event loop of its own, with a daemon's double behind it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from control_double import ControlDouble, StoreDouble

from edge.daemon.config import load
from edge.daemon.page.serve import serve
from edge.daemon.record import record_of
from edge.tasks.event import Event


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class OpenPage:
    """A page that is open, and its daemon's doubles."""

    address: str
    control: ControlDouble
    store: StoreDouble | None

    @property
    def port(self):
        return urlsplit(self.address).port

    def connect(self, timeout_s=30.0):
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def ask(self, path, body=None, method=None, **headers):
        """GET, or POST of JSON as the page's own script does it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if body is not None:
            sent |= {"Content-Type": "application/json", "X-Nuthatch": "1"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        with contextlib.closing(connection):
            connection.request(
                method or ("GET" if body is None else "POST"), path, data, {k: v for k, v in sent.items() if v}
            )
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


@contextlib.contextmanager
def serving(config, control, store):
    """The page's address; the page's own event loop runs beside the test, as the service's does."""
    opened, ended = threading.Event(), []
    found = {}

    async def run():
        found["loop"], found["task"] = asyncio.get_running_loop(), asyncio.current_task()
        with contextlib.suppress(asyncio.CancelledError):
            await serve(config, control, store, tell)

    def tell(address):
        found["address"] = address
        opened.set()

    def thread():
        try:
            asyncio.run(run())
        except Exception as e:
            ended.append(e)
        opened.set()

    runner = threading.Thread(target=thread, name="page", daemon=True)
    runner.start()
    try:
        assert opened.wait(30)
        if ended:
            raise ended[0]
        yield found["address"]
    finally:
        if "address" in found:
            found["loop"].call_soon_threadsafe(found["task"].cancel)
        runner.join(20)
        assert not runner.is_alive()


def configured(**settings):
    """As on the command line: ``page__token="..."``."""
    return load(Path(os.devnull), {}, {"page.port": 0} | {k.replace("__", "."): v for k, v in settings.items()})


def heard(page, label="alexa", n=1):
    """Records as the service publishes them."""
    for k in range(n):
        page.control.records.publish(record_of(Event(float(k), label, 0.97, "wake_alexa"), "keyword", "0" * 12, "s", 0))
        time.sleep(0.002)  # ids rise with the millisecond
