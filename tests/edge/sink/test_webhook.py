"""The webhook sink and a real server that fails, hangs, refuses and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl

import pytest

pytest.importorskip("aiohttp", reason="needs the extra daemon")
from aiohttp import web  # noqa: E402

from edge.sink import webhook  # noqa: E402


class Server:
    """Answers with the next of ``answers``, then with 200; keeps what it was sent."""

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []

    async def take(self, request):
        body = await request.read()
        self.requests.append((dict(request.headers), body))
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "hang":
            await asyncio.sleep(30)
        if answer == "cut":
            request.transport.abort()
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], headers=answer[1])
        return web.Response(status=answer if isinstance(answer, int) else 200)

    @property
    def records(self):
        return [json.loads(body) for _, body in self.requests]


@contextlib.asynccontextmanager
async def serving(server, port, context=None):
    app = web.Application()
    app.router.add_post("/hook", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
def config(free_port):
    def make(**changes):
        values = {"url": f"http://127.0.0.1:{free_port}/hook?key=hidden", "retry_s": 0.1, "timeout_s": 0.4}
        return webhook.Config(**values | changes)

    return make


@pytest.fixture
def deliver(control, running, record, until, free_port):
    """Records to a server, until all are gone; (server, records, last status)."""

    def run(config, server, count=3):
        async def main():
            records = [record() for _ in range(count)]
            async with serving(server, free_port), running(webhook, config, control):
                for one in records:
                    control.records.publish(one)
                await until(lambda: settled(control, count))
                return records

        return asyncio.run(main())

    return run


def settled(control, count):
    status = control.status("sink/webhook")
    return status and status.facts["sent"] + status.facts["failed"] >= count


def test_each_record_is_posted_once_and_in_order(config, deliver, control):
    server = Server()
    records = deliver(config(), server)
    assert [r["id"] for r in server.records] == [r.id for r in records]
    assert all(h["X-Nuthatch-Id"] == r.id for (h, _), r in zip(server.requests, records, strict=True))
    assert "X-Nuthatch-Signature" not in server.requests[0][0]
    assert control.status("sink/webhook").ok


def test_the_signature_is_what_the_documentation_says(config, deliver):
    import hashlib
    import hmac

    server = Server()
    deliver(config(secret="s3cret", headers={"Authorization": "Bearer abc"}), server, 1)
    headers, body = server.requests[0]
    stamp, signed = (part.split("=")[1] for part in headers["X-Nuthatch-Signature"].split(","))
    assert signed == hmac.new(b"s3cret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize("trouble", [500, 503, 429, 408, "cut", "hang", (503, {"Retry-After": "1"})])
def test_a_server_in_trouble_is_tried_again(config, deliver, control, trouble):
    server = Server(trouble, trouble)
    records = deliver(config(), server)
    tries = [r["id"] for r in server.records]
    assert tries == [records[0].id] * 3 + [r.id for r in records[1:]]
    assert ("sink/webhook", False, "retrying") in [s[:3] for s in control.said]
    assert control.status("sink/webhook").facts["failed"] == 0


@pytest.mark.parametrize(
    ("answer", "word"), [(400, "400"), (401, "secret"), (404, "url"), ((302, {"Location": "/x"}), "redirects")]
)
def test_a_refusal_is_named_and_not_repeated(config, deliver, control, answer, word):
    server = Server(answer)
    deliver(config(), server)
    assert len(server.requests) == 3
    facts = control.status("sink/webhook").facts
    assert (facts["failed"], facts["sent"], facts["waiting"]) == (1, 2, 0)
    said = next(s for s in control.said if s[2] == "refused")
    assert word in said[3] and "hidden" not in said[3]


def test_away_and_back_over_a_restart(config, control, running, record, until, free_port):
    records = [record() for _ in range(20)]

    async def away():
        async with running(webhook, config(), control):
            for one in records:
                control.records.publish(one)
            await until(lambda: (s := control.status("sink/webhook")) and s.facts["waiting"] == 20)
            await until(lambda: control.status("sink/webhook").state == "retrying")

    asyncio.run(away())
    server = Server(500, "cut")

    async def back():
        async with serving(server, free_port), running(webhook, config(), control):
            await until(lambda: control.status("sink/webhook").facts["sent"] >= 20)

    asyncio.run(back())
    assert [r["id"] for r in server.records[2:]] == [r.id for r in records]


def test_tls_with_an_own_authority(config, control, running, record, until, free_port, certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    async def main(ca):
        server = Server()
        secure = config(url=f"https://127.0.0.1:{free_port}/hook", ca_file=certificates / ca)
        async with serving(server, free_port, context), running(webhook, secure, control):
            control.records.publish(record())
            await until(lambda: (s := control.status("sink/webhook")) and s.state in ("delivering", "retrying"))
            return control.status("sink/webhook")

    assert asyncio.run(main("ca.pem")).ok
    control.health.forget("sink/webhook")
    distrusted = asyncio.run(main("other.pem"))
    assert not distrusted.ok and "sink.webhook.ca_file" in distrusted.text


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "ftp://x/y"},
        {"url": "x"},
        {"url": "https://ann:pw@x/"},
        {"headers": {"A b": "c"}},
        {"headers": {"A": "b\r\nC: d"}},
        {"secret": "a", "secret_file": "b"},
        {"ca_file": "x"},
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(config, changes):
    with pytest.raises(ValueError):
        config(**changes)
