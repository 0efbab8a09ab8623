"""Events, states and switches on an MQTT broker, with Home Assistant's discovery.

Every record is published once with quality of service 1 and leaves the queue on the disk when the broker has
acknowledged it. If the connection breaks between the two, the record comes twice: its ``id`` tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.daemon.secret import SecretError, find, secret_of
from edge.sink.delivery.backoff import Backoff
from edge.sink.delivery.cancel import heeding, together
from edge.sink.delivery.outbox import Outbox, Queued, open_outbox
from edge.sink.homeassistant.entities import commands, discovery, measures, values
from edge.sink.homeassistant.topics import Topics, set_of

if TYPE_CHECKING:
    import aiomqtt

_log = logging.getLogger("nuthatch")

FIRST_RETRY_S = 0.5
LOOK_EVERY_S = 1.0
"""States and the list of models are compared with what the broker was told."""
COMMAND_LIMIT_BYTES = 64
REFUSED = {134, 135}
"""Reason codes of a connection refused for who we are."""


class Config(Queued):
    """``[sink.mqtt]``"""

    host: str = Field(
        min_length=1, title="Broker", description="Its name or address.", examples=["homeassistant.local"]
    )
    port: int = Field(0, ge=0, le=65_535, title="Port", description="0 for the usual one: 1883, with TLS 8883.")
    user: str = Field("", title="User", description="Empty for none.")
    password: SecretStr | None = Field(None, title="Password", description="Of the user.")
    password_file: Path | None = Field(
        None, title="File with the password", description="Instead of password: keeps the secret out of this file."
    )
    tls: bool = Field(False, title="TLS", description="Encrypt, and check the broker's certificate.")
    ca_file: Path | None = Field(
        None, title="Certificate authority", description="PEM file; without it, those that the system trusts."
    )
    certificate: Path | None = Field(
        None, title="Own certificate", description="PEM file, for brokers that know their clients by certificate."
    )
    key: Path | None = Field(None, title="Own key", description="PEM file with the certificate's private key.")
    check_name: bool = Field(
        True,
        title="Check the broker's name",
        description="Off: any certificate that the authority signed will do, whatever name it is for.",
    )
    topic: str = Field("nuthatch", title="Topic", description="First part of every topic of ours.")
    discovery: str = Field(
        "homeassistant",
        title="Discovery",
        description="Home Assistant's discovery prefix; empty: it is told nothing.",
    )
    late_s: float = Field(
        10.0,
        gt=0,
        title="Too late to act on",
        description="A record older than so many seconds goes to the topic late, not event: nobody wants the lamp "
        "switched on by what was said before the broker came back.",
    )
    measure_s: float = Field(
        30.0, ge=1, title="Measures", description="Level, certainty and share are told every so many seconds."
    )
    keepalive_s: int = Field(30, ge=5, le=3_600, title="Keep-alive", description="Seconds; a dead broker is noticed.")
    timeout_s: float = Field(10.0, gt=0, le=300, title="Timeout", description="For each answer of the broker.")

    @field_validator("topic", "discovery")
    @classmethod
    def _plain(cls, topic: str) -> str:
        if any(c in topic for c in "+#\0") or topic.startswith(("/", "$")) or topic.endswith("/"):
            raise ValueError(f"{topic!r}: a topic without + and #, that begins and ends with a name")
        return topic

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.topic:
            raise ValueError("topic is empty; take nuthatch")
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file are both given; give one")
        if self.key is not None and self.certificate is None:
            raise ValueError("key is given without certificate; give both")
        if not self.tls and (self.ca_file or self.certificate):
            raise ValueError("ca_file and certificate are for TLS; say tls = true")
        return self

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port or (8883 if self.tls else 1883)}"


async def run(config: Config, feed: Feed[Record], control: Control) -> None:
    """Until the feed is closed; the broker may come and go."""
    import aiomqtt

    topics = Topics(config.topic, config.discovery, control.device_id)
    backoff = Backoff(FIRST_RETRY_S, config.retry_s)
    async with open_outbox("mqtt", config, feed, control) as outbox:
        outbox.say(False, "connecting", f"broker {config.where}")
        while not outbox.ending:
            try:
                async with await _client(config, topics) as client:
                    backoff.reset()
                    await _Session(config, client, topics, outbox, control).run()
                    return
            except (aiomqtt.MqttError, OSError, ValueError, SecretError) as e:
                outbox.say(False, "retrying", _told(config, e))
            await outbox.pause(backoff.next_s())


async def _client(config: Config, topics: Topics) -> aiomqtt.Client:
    """Not yet connected. Files are read anew each time: a renewed certificate needs no restart."""
    import aiomqtt

    context, password = await asyncio.to_thread(
        lambda: (_tls(config), secret_of(config.password, config.password_file))
    )
    return aiomqtt.Client(
        config.host,
        int(config.where.rpartition(":")[2]),
        username=config.user or None,
        password=password,
        identifier=topics.node,
        will=aiomqtt.Will(topics.availability, "offline", qos=1, retain=True),
        tls_context=context,
        keepalive=config.keepalive_s,
        timeout=config.timeout_s,
        max_queued_incoming_messages=1_000,
    )


def _tls(config: Config) -> ssl.SSLContext | None:
    if not config.tls:
        return None
    authority, certificate, key = (find(f) if f else None for f in (config.ca_file, config.certificate, config.key))
    for file in filter(None, (authority, certificate, key)):
        file.open("rb").close()  # ssl does not say which one is missing
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = config.check_name
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


class _Session:
    """One connection, from its first message to its end."""

    def __init__(
        self, config: Config, client: aiomqtt.Client, topics: Topics, outbox: Outbox, control: Control
    ) -> None:
        self._config, self._client, self._topics = config, client, topics
        self._outbox, self._control = outbox, control
        self._told: dict[str, str] = {}
        """Topic -> what the broker keeps of it now."""
        self._announced: dict[str, str] = {}
        self._ignored, self._ignored_s = 0, 0.0

    async def run(self) -> None:
        """Until the queue ends, or cancelled; says goodbye. Raises MqttError when the connection is lost."""
        await self._publish(self._topics.availability, "online")
        await self._subscribe()
        self._say()
        try:
            await together(self._send(), self._hear(), self._look())
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._goodbye()
            raise
        finally:
            self._forget_loss()
        await self._goodbye()

    def _forget_loss(self) -> None:
        """Why the connection was lost has been told; asyncio would tell it again, with a traceback."""
        loss = getattr(self._client, "_disconnected", None)
        if isinstance(loss, asyncio.Future) and loss.done() and not loss.cancelled():
            loss.exception()

    async def _goodbye(self) -> None:
        """The last will is for those who cannot say it themselves."""
        self._client.timeout = 1.0
        await self._publish(self._topics.availability, "offline")

    async def _subscribe(self) -> None:
        root = self._topics.root
        wanted = [(set_of(self._topics.mute), 1), (f"{root}/+/+/threshold/set", 1)]
        if self._config.discovery:
            # What an earlier configuration announced comes back, and is taken away.
            wanted.append((self._topics.configs, 0))
        await heeding(self._client.subscribe(wanted))

    async def _send(self) -> None:
        while (found := await self._outbox.first()) is not None:
            number, text = found
            try:
                topic, payload = self._message(json.loads(text))
            except (ValueError, TypeError, KeyError):  # left by another version
                await self._outbox.refuse(number)
                continue
            await heeding(self._client.publish(topic, payload, qos=1))
            await self._outbox.done(number)
            self._say()

    def _message(self, record: dict[str, Any]) -> tuple[str, str]:
        """Topic and JSON of a record; raises ValueError, TypeError or KeyError for what is none."""
        age_s = time.time() - datetime.fromisoformat(record["time_utc"]).astimezone(UTC).timestamp()
        name = record["model"]
        topic = self._topics.late(name) if age_s > self._config.late_s else self._topics.event(name)
        return topic, json.dumps({"event_type": record["label"], **record}, ensure_ascii=False)

    async def _look(self) -> None:
        """Tell what has changed."""
        measured_s = -self._config.measure_s
        while True:
            await self._announce()
            now = values(self._control, self._topics)
            if time.monotonic() - measured_s >= self._config.measure_s:
                measured_s = time.monotonic()
                now |= measures(self._control, self._topics)
            for topic, value in now.items():
                if self._told.get(topic) != value:
                    await self._publish(topic, value)
                    self._told[topic] = value
            self._say()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _announce(self) -> None:
        if not self._config.discovery:
            return
        wanted = discovery(self._control, self._topics)
        for topic in [t for t in self._announced if t not in wanted]:
            await self._publish(topic, "")
            del self._announced[topic]
        for topic, payload in wanted.items():
            if self._announced.get(topic) != payload:
                await self._publish(topic, payload)
                self._announced[topic] = payload

    async def _hear(self) -> None:
        async for message in self._client.messages:
            topic, payload = message.topic.value, bytes(message.payload or b"")
            if topic.startswith(f"{self._config.discovery}/") and topic.endswith("/config"):
                if payload:
                    self._announced.setdefault(topic, "")
            else:
                self._obey(topic, payload, message.retain)

    def _obey(self, topic: str, payload: bytes, retained: bool) -> None:
        try:
            if retained:
                raise ValueError("is retained, so it may be years old")
            if len(payload) > COMMAND_LIMIT_BYTES:
                raise ValueError(f"has {len(payload):,} bytes")
            command = commands(self._control, self._topics).get(topic)
            if command is None:
                raise ValueError("is for nothing that runs here")
            command(payload.decode("utf-8"))
        except ValueError as e:
            self._ignore(f"{topic}: {payload[:32]!r} {e if not isinstance(e, UnicodeError) else 'is no text'}")

    def _ignore(self, line: str) -> None:
        """Counted; a line of log at most every second."""
        self._ignored += 1
        if time.monotonic() - self._ignored_s >= 1.0:
            self._ignored_s = time.monotonic()
            _log.warning("mqtt: ignored %s", line)

    async def _publish(self, topic: str, value: str) -> None:
        """A value that the broker keeps."""
        await heeding(self._client.publish(topic, value, qos=1, retain=True))

    def _say(self) -> None:
        self._outbox.say(True, "connected", f"broker {self._config.where}", ignored=self._ignored)


def _told(config: Config, error: BaseException) -> str:
    """One line: the broker, what it said, the remedy."""
    if getattr(getattr(error, "rc", None), "value", 0) in REFUSED:
        who = f"user {config.user!r}" if config.user else "a client without user"
        return f"broker {config.where} refuses {who}: {error}; check sink.mqtt.user and password"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: no such file; check ca_file, certificate and key of sink.mqtt"
    if isinstance(error, SecretError):
        return str(error)
    words = " ".join(str(error).split()) or type(error).__name__
    if "certificate" in words.lower() or "ssl" in words.lower():
        return f"broker {config.where}: {words}; check sink.mqtt.ca_file, check_name, certificate and key"
    return f"broker {config.where}: {words}; is it running, and sink.mqtt.host and port right?"
