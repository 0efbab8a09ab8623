"""Each record as a signed POST to a web server, tried again until it is taken.

``X-Nuthatch-Signature: t=<seconds since 1970>,v1=<hexadecimal>``: HMAC-SHA256 of ``<t>.<body>`` with the secret.
``X-Nuthatch-Id`` is the record's id, the same in every try: who has seen it has the record already.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.daemon.secret import SecretError, find, secret_of
from edge.sink.delivery.backoff import Backoff
from edge.sink.delivery.outbox import Queued, open_outbox

if TYPE_CHECKING:
    import aiohttp

FIRST_RETRY_S = 0.5
PASSING = {408, 425, 429}
"""Refusals that a later try may not meet."""


class Config(Queued):
    """``[sink.webhook]``"""

    url: str = Field(
        min_length=1,
        title="Address",
        description="Where to POST, http or https.",
        examples=["https://example.org/nuthatch"],
    )
    secret: SecretStr | None = Field(
        None, title="Secret", description="Signs each request, so that the receiver knows that it is ours."
    )
    secret_file: Path | None = Field(
        None, title="File with the secret", description="Instead of secret: keeps it out of this file."
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict,
        title="Headers",
        description="Sent with each request.",
        examples=[{"Authorization": "Bearer ..."}],
    )
    ca_file: Path | None = Field(
        None, title="Certificate authority", description="PEM file; without it, those that the system trusts."
    )
    timeout_s: float = Field(10.0, gt=0, le=300, title="Timeout", description="For a whole request.")

    @field_validator("url")
    @classmethod
    def _web(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no address of a web server; write https://name/path")
        if parts.username or parts.password:
            raise ValueError("has a user or password in it; put them into headers or sign with secret")
        return url

    @field_validator("headers")
    @classmethod
    def _one_line(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not name.replace("-", "").isalnum() or not name.isascii() or not value.get_secret_value().isprintable():
                raise ValueError(f"{name!r} or its value is no header")
        return headers

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("secret and secret_file are both given; give one")
        if self.ca_file and not self.url.startswith("https:"):
            raise ValueError("ca_file is for https")
        return self

    @property
    def where(self) -> str:
        """Without the query, which may be a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{parts.path}"


class _Refused(Exception):
    """The server will never take this record."""


class _Later(Exception):
    """The server could not take it now."""

    def __init__(self, text: str, after_s: float = 0.0) -> None:
        super().__init__(text)
        self.after_s = after_s


async def run(config: Config, feed: Feed[Record], control: Control) -> None:
    """Until the feed is closed; one record after the other, in order."""
    import aiohttp

    backoff = Backoff(FIRST_RETRY_S, config.retry_s)
    async with open_outbox("webhook", config, feed, control) as outbox, _session(config) as session:
        outbox.say(True, "ready", config.where)
        while (found := await outbox.first()) is not None:
            number, text = found
            try:
                await _post(config, session, text)
                backoff.reset()
                await outbox.done(number)
                outbox.say(True, "delivering", config.where)
            except _Refused as e:
                await outbox.refuse(number)
                outbox.say(False, "refused", f"{config.where}: {e}")
            except (_Later, aiohttp.ClientError, OSError, TimeoutError, SecretError, ValueError) as e:
                outbox.say(False, "retrying", f"{config.where}: {_told(e, config)}")
                if outbox.ending:
                    return
                await outbox.pause(backoff.next_s(e.after_s if isinstance(e, _Later) else 0.0))


def _session(config: Config) -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=config.timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=1),
    )


async def _post(config: Config, session: aiohttp.ClientSession, text: str) -> None:
    """Raises _Refused, _Later, or what kept the request from being answered."""
    secret, context = await asyncio.to_thread(lambda: (secret_of(config.secret, config.secret_file), _tls(config)))
    body = text.encode()
    headers = {name: value.get_secret_value() for name, value in config.headers.items()}
    headers |= {"Content-Type": "application/json", "User-Agent": "nuthatch", "X-Nuthatch-Id": _id(text)}
    if secret:
        headers["X-Nuthatch-Signature"] = signature(secret, body, int(time.time()))
    ssl_option = context if context is not None else True
    async with session.post(config.url, data=body, headers=headers, allow_redirects=False, ssl=ssl_option) as response:
        said = f"{response.status} {response.reason}"
        if response.status in PASSING or response.status >= 500:
            raise _Later(said, _after_s(response.headers.get("Retry-After", "")))
        if response.status >= 400:
            raise _Refused(f"{said}; not tried again; check sink.webhook.url, secret and headers")
        if response.status >= 300:
            raise _Refused(f"{said}; redirects are not followed; set sink.webhook.url to where it leads")


def signature(secret: str, body: bytes, time_s: int) -> str:
    """The header's value; ``time_s`` is signed too, so that nobody can send an old request again much later."""
    digest = hmac.new(secret.encode(), b"%d.%s" % (time_s, body), hashlib.sha256).hexdigest()
    return f"t={time_s},v1={digest}"


def _tls(config: Config) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=find(config.ca_file)) if config.ca_file else None


def _id(text: str) -> str:
    try:
        return str(json.loads(text)["id"])
    except (ValueError, TypeError, KeyError):
        raise _Refused("a record that another version left; it is thrown away") from None


def _after_s(header: str) -> float:
    return float(header) if header.isascii() and header.isdigit() else 0.0


def _told(error: Exception, config: Config) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {config.timeout_s:g} s; is the server well, and sink.webhook.timeout_s long enough?"
    words = " ".join(str(error).split()) or type(error).__name__
    if "certificate" in words.lower():
        return f"{words}; check sink.webhook.ca_file"
    return words if isinstance(error, _Later | SecretError) else f"{words}; is sink.webhook.url right?"
