"""The page over TLS, with a certificate made for the test."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import ipaddress
import json
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from page_double import OpenPage

from edge.daemon.page import door
from edge.daemon.page.serve import PageError

TOKEN = "correct horse battery"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Paths of (certificate, key, key with a passphrase), PEM."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "page.pem").write_bytes(made.public_bytes(pem))
    (folder / "page.key").write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()))
    locked = serialization.BestAvailableEncryption(b"secret")
    (folder / "locked.key").write_bytes(key.private_bytes(pem, private, locked))
    return folder / "page.pem", folder / "page.key", folder / "locked.key"


@pytest.fixture
def page(open_page, certificate) -> OpenPage:
    return open_page(page__token=TOKEN, page__tls_certificate=str(certificate[0]), page__tls_key=str(certificate[1]))


def ask(page, certificate, path, body=None, **headers):
    context = ssl.create_default_context(cafile=str(certificate[0]))
    connection = http.client.HTTPSConnection("127.0.0.1", page.port, context=context, timeout=10)
    with contextlib.closing(connection):
        sent = {"Content-Type": "application/json", "X-Nuthatch": "1"} if body else {}
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, sent | headers)
        response = connection.getresponse()
        response.read()
        return response


def test_it_is_served_over_tls_and_the_cookie_goes_nowhere_else(page, certificate):
    assert page.address.startswith("https://")
    answer = ask(page, certificate, "/api/login", {"token": TOKEN})
    assert answer.status == 200 and "Secure" in answer.headers["Set-Cookie"]
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert ask(page, certificate, "/api/state", Cookie=cookie).status == 200


def test_old_versions_and_plain_http_are_refused(page):
    with pytest.warns(DeprecationWarning):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with page.connect() as s, pytest.raises(OSError):
        context.wrap_socket(s)
    with page.connect() as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not s.recv(100).startswith(b"HTTP/1.1 200")


def test_a_greeting_that_never_comes_is_not_waited_for(open_page, certificate, monkeypatch):
    monkeypatch.setattr(door, "FIRST_REQUEST_S", 0.5)
    page = open_page(
        page__token=TOKEN, page__tls_certificate=str(certificate[0]), page__tls_key=str(certificate[1]), listens=False
    )
    with page.connect() as s, contextlib.suppress(ConnectionError):
        assert s.recv(1) == b""
    waiting = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(door.OF_ONE_ADDRESS + 20)]
    assert b"" in [_first_byte(s) for s in waiting[-5:]]  # the bound counts those that have not greeted too
    for s in waiting:
        s.close()


def _first_byte(s):
    s.settimeout(0.3)
    try:
        return s.recv(1)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


def test_a_key_with_a_passphrase_is_one_line(open_page, certificate):
    with pytest.raises(PageError, match="without a passphrase") as e:
        open_page(page__tls_certificate=str(certificate[0]), page__tls_key=str(certificate[2]))
    assert "\n" not in str(e.value)
