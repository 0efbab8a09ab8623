"""The WebSocket as programs speak it, and clients that do not keep up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import aiohttp
import pytest

from edge.daemon.page import app, door, watch
from edge.daemon.page.watch import WATCHERS


def watching(page, use, **headers):
    """``await use(socket)`` with an open WebSocket."""

    async def run():
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{page.address}/ws", headers=headers) as opened,
        ):
            return await asyncio.wait_for(use(opened), 30)

    return asyncio.run(run())


async def first(opened, kind, n=1):
    """The first n messages of a kind."""
    found = []
    async for message in opened:
        if message.type is aiohttp.WSMsgType.TEXT and json.loads(message.data)["type"] == kind:
            found.append(json.loads(message.data))
        elif kind == "sound" and message.type is aiohttp.WSMsgType.BINARY:
            found.append(message.data)
        if len(found) == n:
            return found
    raise AssertionError(f"closed before {n} of {kind}")


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return value


def test_a_watcher_sees_state_moments_and_records(open_page):
    page = open_page(["wake_alexa"], speed=4.0)

    async def use(opened):
        return await first(opened, "state"), await first(opened, "pulse", 3), await first(opened, "record")

    (state,), pulses, (record,) = watching(page, use)
    assert state["models"][0]["thresholds"] == page.control.models[0].thresholds
    assert pulses[0]["time_s"] < pulses[-1]["time_s"] and pulses[-1]["frames"] > 0
    assert record["record"]["label"] == "alexa" and record["record"]["verdict"] == ""
    assert "samples" not in json.dumps(pulses)


def test_pulses_are_asked_for_only_while_somebody_watches(open_page):
    page = open_page()
    assert page.control.pulses.feeds == ()

    async def use(opened):
        await first(opened, "pulse")
        return len(page.control.pulses.feeds)

    assert watching(page, use) == 1
    until(lambda: page.control.pulses.feeds == ())


def test_sound_goes_out_only_when_it_is_switched_on_and_asked_for(open_page):
    async def listen(opened):
        await opened.send_json({"listen": True})
        (sound,) = await first(opened, "sound")
        await opened.send_json({"listen": False})
        await first(opened, "pulse", 5)
        return sound

    assert len(watching(open_page(page__listen_in=True), listen)) >= 6_400

    async def in_vain(opened):
        await opened.send_json({"listen": True})
        found = []
        with contextlib.suppress(asyncio.TimeoutError):
            found = await asyncio.wait_for(first(opened, "sound"), 1.0)
        return found

    assert watching(open_page(), in_vain) == []


@pytest.mark.parametrize("sent", ["", "{", "[]", "1", '{"listen": 1}', '{"x": true}', "[" * 900, b"\x00\x01"])
def test_a_message_that_is_not_understood_ends_the_connection(open_page, sent):
    page = open_page()

    async def use(opened):
        await (opened.send_bytes(sent) if isinstance(sent, bytes) else opened.send_str(sent))
        async for _ in opened:
            pass

    watching(page, use)
    assert page.ask("/api/about").status == 200


def test_many_or_long_messages_end_the_connection(open_page):
    page = open_page()

    async def many(opened):
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                await opened.send_json({"listen": False})
        async for _ in opened:
            pass

    async def long(opened):
        await opened.send_str('{"listen": true' + " " * 2_000 + "}")
        async for _ in opened:
            pass

    watching(page, many)
    watching(page, long)


def test_only_so_many_watch_at_once(open_page):
    page = open_page()

    async def fill():
        async with aiohttp.ClientSession() as session:
            opened = [await session.ws_connect(f"{page.address}/ws") for _ in range(WATCHERS)]
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{page.address}/ws")
            await opened[0].close()
            return refused.value.status

    assert asyncio.run(fill()) == 503


def raw_socket(page):
    """A WebSocket whose other end never reads again."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    s.connect(("127.0.0.1", page.port))
    s.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return s


def test_a_watcher_that_does_not_read_is_sent_away(open_page, monkeypatch):
    monkeypatch.setattr(watch, "QUEUE_MESSAGES", 20)
    monkeypatch.setattr(app, "HEARTBEAT_S", 3_600.0)
    page = open_page(["wake_alexa"], speed=20.0)
    with raw_socket(page):
        until(lambda: page.control.pulses.feeds)
        until(lambda: not page.control.pulses.feeds)


def test_a_watcher_that_is_gone_without_a_word_is_found_out(open_page, monkeypatch):
    """The other end takes everything and answers nothing: no pong."""
    monkeypatch.setattr(app, "HEARTBEAT_S", 0.5)
    page = open_page()
    with raw_socket(page) as s:
        until(lambda: page.control.pulses.feeds)
        reader = threading.Thread(target=lambda: [None for _ in iter(lambda: s.recv(65_536), b"")], daemon=True)
        reader.start()
        until(lambda: not page.control.pulses.feeds)


def test_a_connection_that_asks_nothing_is_cut(open_page, monkeypatch):
    monkeypatch.setattr(door, "FIRST_REQUEST_S", 0.5)
    page = open_page()
    for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "):
        with page.connect() as s:
            s.sendall(begun)
            assert s.recv(1) == b""


def test_a_body_that_does_not_come_is_not_waited_for(open_page, monkeypatch):
    monkeypatch.setattr(door, "REQUEST_S", 0.5)
    page = open_page()
    with page.connect() as s:
        s.sendall(
            f"POST /api/mute HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nX-Nuthatch: 1\r\n"
            "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{".encode()
        )
        assert s.recv(1) == b""


def test_a_thousand_slow_clients_do_not_disturb_the_audio(open_page):
    """They never read, ask slowly or ask nothing; the ear's blocks come in time, and the page answers again after."""
    page = open_page(["wake_alexa"])
    time.sleep(1.0)
    page.control.lateness_s.clear()
    samples, began = page.control.samples, time.monotonic()
    slow = subprocess.run(
        [sys.executable, Path(__file__).with_name("slow_clients.py"), str(page.port), "1000", "8"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    latest_s = max(page.control.lateness_s)
    heard_s, passed_s = (page.control.samples - samples) / 16_000, time.monotonic() - began
    assert int(slow.stdout) > 500
    assert heard_s == pytest.approx(passed_s, abs=0.5)
    # What is late by less than the second that a microphone's queue holds is not lost.
    assert latest_s < 1.0
    until(lambda: page.ask("/api/about").status == 200)
