"""The sections of the configuration; titles and descriptions here are the documentation, the example and the form."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from edge.runtime.backend import DEFAULT, backends

Threshold = Annotated[float, Field(gt=0, le=1)]
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Section(BaseModel):
    """One table: a key that it does not know is an error, and it never changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)


class Device(Section):
    """This machine."""

    name: str = Field(
        default_factory=lambda: socket.gethostname() or "nuthatch",
        min_length=1,
        max_length=64,
        title="Name",
        description="What people call this machine: kitchen. Without it, its host name.",
        examples=["kitchen"],
    )


class Audio(Section):
    """Where the sound comes from."""

    source: str = Field(
        "mic",
        min_length=1,
        title="Source",
        description='"mic", the path of a sound file, or "-" for raw int16 on stdin.',
    )
    device: str = Field(
        "",
        title="Microphone",
        description="A part of the microphone's name, or its index; empty for the system's default.",
        examples=["USB"],
    )
    channel: Literal["mix"] | Annotated[int, Field(ge=0, le=31)] = Field(
        "mix", title="Channel", description='"mix" for the mean of all channels, or the number of one; the first is 0.'
    )
    rate_hz: int = Field(
        16_000, ge=4_000, le=384_000, title="Rate of raw samples", description="Of raw samples on stdin, Hz."
    )
    channels: int = Field(
        1, ge=1, le=32, title="Channels of raw samples", description="Of raw samples on stdin, interleaved."
    )
    realtime: bool = Field(
        True, title="No faster than it sounds", description="Play a sound file at the speed at which it sounds."
    )
    repeat: bool = Field(
        False, title="Repeat", description="Begin a sound file again at its end; for trying things out."
    )


class Task(Section):
    """One model that listens or looks. What it does, its manifest says."""

    model: str = Field(
        min_length=1,
        title="Model",
        description="The name of a bundled or added model, or the path of a bundle.",
        examples=["wake_alexa"],
    )
    enabled: bool = Field(True, title="Enabled", description="Off: the model is not loaded.")
    threshold: Threshold | None = Field(
        None,
        title="Threshold",
        description="Of every target, over 0 to 1. Without it, the model's own operating point.",
        examples=[0.6],
    )
    thresholds: dict[str, Threshold] = Field(
        default_factory=dict,
        title="Thresholds",
        description="Of single targets, over 0 to 1; they win over threshold.",
        examples=[{"alexa": 0.6}],
    )
    backend: str = Field(DEFAULT, title="Backend", description="What runs the network: litert, or native (compiled C).")
    gate: str = Field("", title="Gate", description="Run only after this other task's model has spoken; empty: always.")
    gate_labels: list[str] = Field(
        default_factory=list,
        title="Labels that open the gate",
        description="Of the gate's model; empty: each of its targets.",
        examples=[["speech"]],
    )
    gate_s: float = Field(
        10.0,
        gt=0,
        le=86_400,
        title="Gate's time",
        description="For so many seconds after a keyword the gate stays open; a scene keeps it open while it lasts.",
    )
    confirm: str = Field(
        "",
        title="Second stage",
        description="A model, by name or path, that hears the last seconds again; without its yes there is no event.",
    )
    confirm_threshold: Threshold | None = Field(
        None,
        title="Second stage's threshold",
        description="Over 0 to 1; without it, that model's own operating point.",
        examples=[0.5],
    )
    source: str = Field(
        "camera",
        title="Pictures",
        description='For tasks that look: "camera", or the path of a camera, a video, a picture or a folder.',
    )

    @field_validator("backend")
    @classmethod
    def _known(cls, backend: str) -> str:
        if backend not in backends():
            raise ValueError(f"no backend {backend!r}; there are {', '.join(backends())}")
        return backend


class Quiet(Section):
    """When nothing shall be heard: all audio is thrown away before any model."""

    hours: list[str] = Field(
        default_factory=list,
        title="Quiet hours",
        description="Local time, from-to; may pass midnight.",
        examples=[["22:00-07:00"]],
    )
    gpio_pin: int = Field(
        0,
        ge=0,
        le=53,
        title="Mute switch's pin",
        description="GPIO number (BCM) of a switch to ground that mutes; 0 for none. Needs gpiozero.",
    )

    @field_validator("hours")
    @classmethod
    def _times(cls, hours: list[str]) -> list[str]:
        for span in hours:
            match = _HOURS.fullmatch(span)
            if not match:
                raise ValueError(f'{span!r} is no span of time; write "22:00-07:00"')
            if match[1] + match[2] == match[3] + match[4]:
                raise ValueError(f'{span!r} begins where it ends; for the whole day write "00:00-23:59"')
        return hours


class Page(Section):
    """The page in the browser, /metrics and /healthz."""

    enabled: bool = Field(True, title="Enabled", description="Off: no page, no metrics, no port.")
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        title="Address",
        description="Where to answer. Any address but loopback (127.0.0.1, ::1) needs a token.",
        examples=["0.0.0.0"],
    )
    port: int = Field(8765, ge=0, le=65_535, title="Port", description="TCP port; 0 for a free one.")
    names: list[str] = Field(
        default_factory=list,
        title="Host names",
        description="Further names by which browsers may ask for the page: the Host header must be one of them.",
        examples=[["kitchen.local"]],
    )
    token: SecretStr | None = Field(
        None,
        title="Token",
        description="Who knows it may see and change everything; at least 16 characters.",
        examples=["made with: openssl rand -hex 16"],
    )
    token_file: Path | None = Field(
        None,
        title="File with the token",
        description="Instead of token: keeps the secret out of this file.",
        examples=["page_token"],
    )
    tls_certificate: Path | None = Field(
        None,
        title="TLS certificate",
        description="PEM file with the chain; with tls_key the page speaks https.",
        examples=["page.pem"],
    )
    tls_key: Path | None = Field(
        None, title="TLS key", description="PEM file of the private key.", examples=["page.key"]
    )
    listen_in: bool = Field(
        False, title="Listening in", description="Let the page play what the microphone hears, live."
    )

    @property
    def is_loopback(self) -> bool:
        """Only this machine itself can reach the page."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @field_validator("token")
    @classmethod
    def _long(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError(
                f"{len(token.get_secret_value())} characters are too few, 16 are needed; "
                "make one with: openssl rand -hex 16"
            )
        return token

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file are both given; give one")
        if self.enabled and not self.is_loopback and self.token is None and self.token_file is None:
            raise ValueError(f"host {self.host} is open to others and needs token or token_file; or use 127.0.0.1")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together; give both or neither")
        return self


class Store(Section):
    """What is kept on the disk: events and labels; sound only if recordings is switched on."""

    folder: Path | None = Field(
        None,
        title="Folder",
        description="Without it, the service's state directory, or ~/.local/state/nuthatch.",
        examples=["/var/lib/nuthatch"],
    )
    keep_days: int = Field(365, ge=1, le=36_500, title="Days kept", description="Older events without a label go.")
    recordings: bool = Field(
        False,
        title="Recordings",
        description="Keep the seconds of sound around each detection. Off: no sound is written.",
    )
    recordings_limit_mb: int = Field(
        200, ge=1, le=1_000_000, title="Recordings' size", description="Over so many megabytes the oldest go."
    )
    recordings_days: int = Field(30, ge=1, le=36_500, title="Recordings' days", description="Older recordings go.")
    recording_s: float = Field(
        3.0, gt=0, le=30, title="Length of a recording", description="Seconds of sound that end with the detection."
    )


class Models(Section):
    """Models that are added to this machine."""

    public_key: str = Field(
        "",
        title="Public key",
        description="Ed25519, 32 bytes in base64 or hexadecimal. If given, only models signed with its key are added.",
    )
    keep: int = Field(3, ge=1, le=100, title="Versions kept", description="Of each model, for going back.")


class Log(Section):
    """What the service says while it runs."""

    format: Literal["text", "json"] = Field("text", title="Format", description="text for people, json for programs.")
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", title="Level", description="The least important that is written."
    )
