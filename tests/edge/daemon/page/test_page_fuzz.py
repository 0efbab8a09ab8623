"""Malformed HTTP and WebSocket: whatever is sent, the page goes on, says nothing of its inside and logs nothing."""

from __future__ import annotations

import contextlib
import logging
import os
import struct

import pytest
from control_double import ControlDouble, StoreDouble
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from page_double import OpenPage, configured, serving

from edge.daemon.page import app

EXAMPLES = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"TRACE", b"get", b"G\x00T", b""])
PATHS = st.sampled_from([b"/", b"/ws", b"/metrics", b"/api/mute", b"/api/label", b"/static/x", b"*", b"http://x/", b""])
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/9.9", b"HTTP", b""])
HEADERS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                [b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Cookie", b"Origin"]
                + [b"Expect", b"Content-Encoding", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Authorization"]
                + [b"Content-Type", b"X-Nuthatch", b"Range", b"If-None-Match", b"Accept"]
            ),
            st.sampled_from(
                [
                    b"127.0.0.1",
                    b"0",
                    b"-1",
                    b"99999999999999999999",
                    b"chunked",
                    b"gzip",
                    b"upgrade",
                    b"websocket",
                    b"13",
                ]
                + [
                    b"100-continue",
                    b"application/json",
                    b"1",
                    b"nuthatch=.;;=",
                    b"Bearer \xff",
                    b"\xff\xfe",
                    b"a" * 9_000,
                ]
                + [b"dGhlIHNhbXBsZSBub25jZQ==", b"[::", b"bytes=9-1", b"Basic", b"application/openmetrics-text;q=x"]
            ),
        ),
        st.tuples(st.binary(max_size=20), st.binary(max_size=40)),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    control = ControlDouble(tmp_path_factory.mktemp("state"))
    store = StoreDouble(control)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "REQUESTS", (1e9, 1e9))
        with serving(configured(), control, store) as address:
            yield OpenPage(address, control, store)


def send(page, data):
    """What comes back until the page closes, or until it waits for more."""
    with page.connect(5.0) as s, contextlib.suppress(ConnectionError):
        s.sendall(data)
        with contextlib.suppress(TimeoutError):
            s.settimeout(0.02)
            return b"".join(iter(lambda: s.recv(65_536), b""))
    return b""


def assert_well(page, answer):
    for inside in (b"Traceback", b"aiohttp", b"site-packages", os.sep.encode() + b"edge" + os.sep.encode()):
        assert inside not in answer
    with page.connect() as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert s.recv(12) == b"HTTP/1.1 200"
    assert page.control.done == []


@EXAMPLES
@given(st.binary(max_size=300))
@example(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
@example(b"\r\n" * 100)
@example(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5_000)
@example(b"GET /" + b"a" * 100_000)
@example(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
def test_bytes(page, data):
    assert_well(page, send(page, data))


@EXAMPLES
@given(METHODS, PATHS, VERSIONS, HEADERS, st.binary(max_size=60))
def test_requests_that_are_nearly_right(page, method, path, version, headers, body):
    head = b" ".join((method, path, version)) + b"\r\n" + b"".join(n + b": " + v + b"\r\n" for n, v in headers)
    assert_well(page, send(page, head + b"\r\n" + body))


@EXAMPLES
@given(st.sampled_from(["threshold", "mute", "label", "login", "logout"]), st.binary(max_size=80))
def test_bodies(page, path, body):
    head = (
        f"POST /api/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Nuthatch: 1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    answer = send(page, head.encode() + body)
    assert answer == b"" or answer.split()[1] in (b"400", b"401", b"429", b"200")
    assert_well(page, answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["model", "label", "threshold", "id", "verdict", "token"])


@EXAMPLES
@given(st.sampled_from(["threshold", "label", "login"]), st.dictionaries(KEYS, JSON, max_size=6))
def test_values(page, path, values):
    answer = page.ask(f"/api/{path}", values)
    assert answer.status in (400, 401, 429)
    assert_well(page, answer.body)


FRAMES = st.builds(
    lambda first, masked, length, mask, data: (
        bytes([first, masked | min(length, 125)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))
    ),
    st.integers(0, 255),
    st.sampled_from([0, 128]),
    st.integers(0, 125),
    st.binary(min_size=4, max_size=4),
    st.binary(max_size=125),
)
HUGE = b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"mask"


@EXAMPLES
@given(st.lists(FRAMES | st.binary(max_size=60), max_size=5))
@example([HUGE])
@example([b"\x01\x80mask"] * 300)
@example([b"\xc1\x85maskxxxxx"])
@example([b"\x88\x82mask\x00\x00"])
def test_websocket_frames(page, frames):
    hello = (
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = send(page, hello + b"".join(frames))
    assert_well(page, answer)


def test_nothing_of_it_was_logged_as_a_defect(page, caplog):
    caplog.set_level(logging.INFO)
    send(page, b"GET / HTTP/1.1\r\nAuthorization: Bearer secret-secret\xff\x00\r\n\r\n")
    send(page, b"secret-secret\r\n\r\n")
    assert "secret-secret" not in caplog.text
    assert not [r for r in caplog.records if r.name != "nuthatch.page"]
