"""Another site, in a real Chromium on the machine of a user, tries to look and to change."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading

import pytest

ATTACK = """<!doctype html><title>another site</title>
<script>
const page = "ADDRESS";
const outcome = (promise) => promise.then((r) => r, (e) => "failed");
const read = (path, more) => outcome(fetch(page + path, more).then((r) => r.text()));
const blind = (path, more) => outcome(fetch(page + path, { mode: "no-cors", ...more }).then((r) => r.type + r.status));
const loads = (tag, at, url) => new Promise((done) => {
  const e = document.createElement(tag);
  e.onload = () => done("loaded");
  e.onerror = () => done("failed");
  e[at] = url;
  document.body.append(e);
});
const socket = () => new Promise((done) => {
  const s = new WebSocket(page.replace("http", "ws") + "/ws");
  s.onmessage = () => done("heard");
  s.onerror = s.onclose = () => done("failed");
});
addEventListener("load", async () => {
  const headers = { "Content-Type": "application/json", "X-Nuthatch": "1" };
  const json = { method: "POST", headers, body: '{"on":true}' };
  const form = document.createElement("form");
  Object.assign(form, { method: "POST", action: page + "/api/mute", target: "hidden", enctype: "text/plain" });
  form.innerHTML = `<input name='{"on":true,"x":"' value='"}'>`;
  const frame = document.createElement("iframe");
  frame.name = "hidden";
  document.body.append(form, frame);
  form.submit();
  window.found = {
    read: await read("/api/state"),
    metrics: await read("/metrics"),
    change: await read("/api/mute", json),
    cookies: await read("/api/detections", { credentials: "include" }),
    blind: await blind("/api/mute", { method: "POST", body: '{"on":true}' }),
    script: await loads("script", "src", page + "/static/main.js"),
    image: await loads("img", "src", page + "/static/nuthatch.svg"),
    socket: await socket(),
  };
});
</script><body></body>"""


class Site(http.server.BaseHTTPRequestHandler):
    """The other site."""

    def __init__(self, text, *arguments):
        self.text = text
        super().__init__(*arguments)

    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.text.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site(address):
    """Its port."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Site, ATTACK.replace("ADDRESS", address))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def victim(chromium, open_page):
    """A page that its user has signed in to, and the browser with that session."""
    page = open_page(["wake_alexa"], page__token="correct horse battery")
    with contextlib.closing(chromium.new_context()) as context:
        tab = context.new_page()
        tab.goto(page.address)
        tab.get_by_label("Token").fill("correct horse battery")
        tab.keyboard.press("Enter")
        tab.locator("#hearing", has_text="hearing").wait_for()
        yield page, context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "evil.test"])
def test_another_site_sees_and_changes_nothing(victim, name):
    """Also one of the same host with another port, whose requests are "same-site" and carry the cookie."""
    page, context = victim
    with site(page.address) as port:
        tab = context.new_page()
        tab.goto(f"http://{name}:{port}/")
        tab.wait_for_function("window.found", timeout=30_000)
        found = tab.evaluate("window.found")
    blind = found.pop("blind")
    assert set(found.values()) == {"failed"}, found
    assert blind in ("opaque0", "failed")  # it was sent; what came of it:
    assert page.control.done == [] and page.control.muted == ""


def test_a_name_that_was_made_to_point_here_is_not_served(victim):
    """DNS rebinding: for the browser it is the attacker's own site."""
    page, context = victim
    tab = context.new_page()
    answer = tab.goto(f"http://evil.test:{page.port}/")
    assert answer.status == 421
    assert tab.evaluate("fetch('/api/state').then((r) => r.status)") == 421
    assert tab.evaluate("fetch('/static/main.js').then((r) => r.status)") == 421


def test_the_page_cannot_be_framed(victim):
    page, context = victim
    tab = context.new_page()
    tab.goto("about:blank")
    tab.set_content(f"<iframe src='{page.address}/'></iframe>")
    tab.wait_for_timeout(1_000)
    assert all(f.locator("#name").count() == 0 for f in tab.frames[1:])
