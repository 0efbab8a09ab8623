"""The page's HTTP: what is answered, what is refused, and to whom."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time

import pytest
from page_double import heard

from edge.daemon.config import ConfigError
from edge.daemon.page.serve import PageError

TOKEN = "correct horse battery"
BEARER = f"Bearer {TOKEN}"
PUBLIC = "0.0.0.0"


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def guarded(open_page):
    return open_page(page__token=TOKEN)


def cookie_of(answer):
    return answer.headers["Set-Cookie"].partition(";")[0]


def test_the_page_and_its_files_need_nothing_from_elsewhere(page):
    answer = page.ask("/")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    html = answer.body.decode()
    assert "http" not in html and "style=" not in html and "onclick" not in html
    for name in ("main.js", "page.css", "nuthatch.svg"):
        assert page.ask(f"/static/{name}").status == 200


def test_a_file_that_the_browser_has_is_not_sent_again(page):
    etag = page.ask("/static/main.js").headers["ETag"]
    answer = page.ask("/static/main.js", If_None_Match=etag)
    assert answer.status == 304 and answer.body == b""


def test_every_answer_carries_the_policy(page):
    for path in ("/", "/static/main.js", "/api/state", "/api/none", "/healthz", "/metrics", "/no"):
        headers = page.ask(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "nuthatch"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../serve.py",
        "/static/%2e%2e/serve.py",
        "/static/..%2fserve.py",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/main.js/../../app.py",
        "/static/%00main.js",
        "/static/",
        "/../../etc/passwd",
        "/api/audio/../../nuthatch.db",
        "/api/audio/..%2f..%2fnuthatch.db",
    ],
)
def test_no_path_leads_out_of_the_page(page, path):
    with page.connect() as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: s.recv(65_536), b""))
    assert answer.split()[1] in (b"404", b"400"), answer[:200]
    assert b"import" not in answer and b"root:" not in answer


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::", "192.168.1.9"]
)
def test_on_loopback_only_loopback_may_be_asked_for(page, host):
    assert page.ask("/api/state", Host=host or " ").status in (421, 400)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1:1", "[::1]:5", "127.1.2.3"])
def test_loopback_by_any_of_its_names(page, host):
    assert page.ask("/api/state", Host=host).status == 200


def test_further_names_are_those_of_the_configuration(open_page):
    page = open_page(page__names=["kitchen.example"])
    assert page.ask("/api/state", Host="kitchen.example").status == 200
    assert page.ask("/api/state", Host="bath.example").status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/api/state", "/ws", "/api/labels.jsonl", "/metrics", "/healthz", "/static/main.js"])
def test_another_site_gets_nothing(page, path, headers):
    assert page.ask(path, **headers).status == 403
    assert page.ask("/api/mute", {"on": True}, **headers).status == 403
    assert page.control.done == []


def test_a_link_may_open_the_page_and_nothing_else(page):
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert page.ask("/", **link).status == 200
    assert page.ask("/api/labels.zip", **link).status == 403


def test_a_form_of_another_site_changes_nothing(page):
    """What a form can send without being asked: no header of ours, no JSON."""
    body = b'{"on": true}'
    assert page.ask("/api/mute", body, X_Nuthatch="").status == 403
    assert page.ask("/api/mute", body, Content_Type="text/plain").status == 403
    assert page.ask("/api/mute", method="GET").status == 405
    assert page.control.done == []
    assert page.ask("/api/mute", {"on": True}, Origin=page.address).status == 200
    assert page.control.done == [("mute", True)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"on": 1}', b'{"on": "yes"}', b"[" * 10_000, b"\xff"])
def test_a_change_that_is_not_understood_is_refused(page, body):
    answer = page.ask("/api/mute", body)
    assert answer.status == 400 and answer.json["error"]


def test_a_body_has_a_bound(page):
    assert page.ask("/api/mute", b"x" * 20_000).status == 413


def test_a_threshold_reaches_the_daemon(open_page):
    page = open_page(["wake_alexa"])
    asked = {"model": "wake_alexa", "label": "alexa", "threshold": 0.7}
    assert page.ask("/api/threshold", asked).json == {"threshold": 0.7}
    assert page.control.done == [("threshold", "wake_alexa", "alexa", 0.7)]
    for wrong in ({"label": "none"}, {"threshold": 0}, {"threshold": 1.5}, {"threshold": "1"}, {"model": 3}):
        assert page.ask("/api/threshold", asked | wrong).status == 400
    assert page.ask("/api/threshold", b'{"model": "wake_alexa", "label": "alexa", "threshold": NaN}').status == 400
    state = page.ask("/api/state").json
    assert state["models"][0]["thresholds"] == {"alexa": 0.7}


def test_what_a_threshold_means_comes_from_the_evidence(open_page):
    page = open_page(["wake_alexa"])
    own = page.control.models[0].thresholds["alexa"]
    found = page.ask(f"/api/meaning?model=wake_alexa&label=alexa&threshold={own}").json["meanings"]
    assert {m["conditions"] for m in found} == {"clean", "10 dB"}
    assert all(m["false_accepts_per_hour"]["how"] == m["miss_rate"]["how"] == "measured" for m in found)
    lower = page.ask("/api/meaning?model=wake_alexa&label=alexa&threshold=0.5").json["meanings"]
    assert {m["false_accepts_per_hour"]["how"] for m in lower} == {"at least"}
    for wrong in ("model=x&label=alexa&threshold=.5", "model=wake_alexa&label=x&threshold=.5", "", "threshold=x"):
        assert page.ask(f"/api/meaning?{wrong}").status == 400


def test_the_settings_hide_secrets_and_name_their_place(guarded):
    answer = guarded.ask("/api/settings", Authorization=BEARER)
    assert TOKEN.encode() not in answer.body
    tables = {t["path"]: {f["name"]: f for f in t["fields"]} for t in answer.json["tables"]}
    assert tables["page"]["token"]["value"] == "********"
    assert tables["page"]["token"]["origin"] == "command line"
    assert tables["store"]["keep_days"]["value"] == 365 and tables["store"]["keep_days"]["description"]


def test_health_is_bad_while_nothing_is_heard_and_only_then(page):
    health = page.control.health
    assert page.ask("/healthz").json["hearing"] is True
    health.say("sink/mqtt", False, "retrying", "broker away")
    answer = page.ask("/healthz")
    assert answer.status == 200 and answer.json["ok"] is False and answer.json["sinks"]["mqtt"]["ok"] is False
    health.say("audio", False, "reopening", "microphone away")
    assert page.ask("/healthz").status == 503
    page.control.muted = "hours"
    assert page.ask("/healthz").status == 200  # it does what it was told to


def test_without_the_token_nothing_is_told(guarded):
    assert guarded.ask("/").headers["Location"] == "/login"
    for path in ("/api/state", "/api/detections", "/api/settings", "/metrics", "/ws", "/api/labels.jsonl", "/api/x"):
        assert guarded.ask(path).status == 401
        assert guarded.ask(path, Authorization="Bearer wrong").status == 401
        assert guarded.ask(path, Authorization="Basic " + TOKEN).status == 401
    assert (
        guarded.ask("/api/state?token=" + TOKEN.replace(" ", "+")).status == 401
    )  # never in an address, which is kept in logs
    assert guarded.ask("/api/mute", {"on": True}).status == 401
    assert guarded.ask("/healthz").json == {"alive": True, "ok": True}
    assert guarded.ask("/metrics", Authorization=BEARER).status == 200


def test_a_session_is_made_with_the_token_and_ended(guarded):
    answer = guarded.ask("/api/login", {"token": TOKEN})
    made = answer.headers["Set-Cookie"]
    assert answer.status == 200 and "HttpOnly" in made and "SameSite=Strict" in made and TOKEN not in made
    cookie = cookie_of(answer)
    assert guarded.ask("/api/state", Cookie=cookie).status == 200
    for forged in (
        cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        "nuthatch=",
        "nuthatch=9999999999.a.",
        "nuthatch=..",
    ):
        assert guarded.ask("/api/state", Cookie=forged).status == 401
    assert guarded.ask("/api/logout", {}, Cookie=cookie).status == 200
    assert guarded.ask("/api/state", Cookie=cookie).status == 401


def test_guessing_is_slow_and_leaves_no_trace_of_the_guess(guarded, caplog):
    caplog.set_level(logging.DEBUG)
    statuses = [guarded.ask("/api/login", {"token": f"guess-number-{k}"}).status for k in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert "a wrong token from 127.0.0.1" in caplog.text and "guess-number" not in caplog.text


def test_a_token_from_a_file(open_page, tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    assert open_page(page__token_file=str(file)).ask("/api/state", Authorization=BEARER).status == 200


def test_other_addresses_only_with_a_token(open_page, configured, serving, tmp_path, caplog):
    with pytest.raises(ConfigError, match="needs token"):
        configured(page__host=PUBLIC)
    # and the page itself does not rely on the configuration having looked
    unguarded = configured()
    unguarded = unguarded.model_copy(update={"page": unguarded.page.model_copy(update={"host": PUBLIC})})
    with pytest.raises(PageError, match="page.token"), serving(unguarded, None, None):
        pass
    short = tmp_path / "short"
    short.write_text("secret")
    with pytest.raises(PageError, match="6 characters is too short"):
        open_page(page__host=PUBLIC, page__token_file=str(short))
    page = open_page(page__host=PUBLIC, page__token=TOKEN)
    assert "in clear" in caplog.text
    assert page.ask("/api/state", Authorization=BEARER, Host=f"192.168.1.9:{page.port}").status == 200
    assert page.ask("/api/state", Authorization=BEARER, Host="kitchen").status == 200  # its name
    assert page.ask("/api/state", Authorization=BEARER, Host="evil.example").status == 421


def test_the_other_loopback(open_page):
    try:
        page = open_page(page__host="::1", listens=False)
    except PageError as e:
        pytest.skip(f"no IPv6 here: {e}")
    assert page.address == f"http://[::1]:{page.port}"
    with socket.create_connection(("::1", page.port), 10) as s:
        s.sendall(f"GET /healthz HTTP/1.1\r\nHost: [::1]:{page.port}\r\n\r\n".encode())
        assert s.recv(12) == b"HTTP/1.1 200"


def test_a_port_in_use_is_one_line(open_page):
    first = open_page()
    with pytest.raises(PageError, match=f"port {first.port} of 127.0.0.1 is in use") as e:
        open_page(page__port=first.port)
    assert "\n" not in str(e.value)


def test_an_address_of_another_machine_is_one_line(open_page):
    with pytest.raises(PageError, match="203.0.113.7 port"):
        open_page(page__host="203.0.113.7", page__token=TOKEN)
    with pytest.raises(PageError, match="tls_certificate"):
        open_page(page__tls_certificate="/none.pem", page__tls_key="/none.key")


def test_a_closed_page_can_be_opened_again_at_once(configured, serving, open_page):
    control = open_page().control
    for _ in range(2):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
    for _ in range(3):
        with (
            serving(configured(page__port=port), control, None) as address,
            socket.create_connection(("127.0.0.1", port)),
        ):
            assert address == f"http://127.0.0.1:{port}"
            assert control.health.parts["page"].state == "open"


def test_what_was_heard_before_the_first_visit_is_counted(open_page):
    page = open_page(store=False)
    heard(page, n=3)
    time.sleep(0.2)
    metric = 'nuthatch_detections_total{label="alexa",model="wake_alexa",task="keyword"} 3.0'
    assert metric in page.ask("/metrics").body.decode()


def test_nothing_of_the_server_is_loaded_before_the_first_visit():
    """It is a sixth of the daemon's memory, and many will never look."""
    code = (
        "import sys, edge.daemon.service, edge.daemon.page.serve;"
        "sys.exit(any(m in sys.modules for m in ('aiohttp', 'prometheus_client', 'yarl')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_address_may_ask_only_so_often(open_page, monkeypatch):
    monkeypatch.setattr("edge.daemon.page.app.REQUESTS", (20.0, 0.01))
    page = open_page()
    assert [page.ask("/api/about").status for _ in range(25)] == [200] * 20 + [429] * 5


def test_a_defect_answers_without_its_details(page, caplog):
    page.store.last = lambda n, before: 1 / 0
    answer = page.ask("/api/detections")
    assert answer.status == 500 and b"division" not in answer.body
    assert "division by zero" in caplog.text
