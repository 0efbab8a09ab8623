"""Microphones by index, by name, by a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge.source.error import DeviceAbsent, SourceError
from edge.source.resampler import CHANNELS

REMEDY = "nuthatch doctor lists the microphones; choose one with --device"


@dataclass(frozen=True)
class Device:
    """One that records."""

    index: int
    """May be another after a device was plugged in or pulled out."""
    name: str
    channels: int
    """The most that it gives."""
    rate_hz: int
    """Its own."""


def microphones(sounddevice: Any) -> list[Device]:
    """All that PortAudio lists now; a card that another program holds is not among them."""
    return [_device(d) for d in sounddevice.query_devices() if d["max_input_channels"] > 0]


def _device(found: Any) -> Device:
    channels = min(int(found["max_input_channels"]), CHANNELS[1])
    return Device(int(found["index"]), str(found["name"]), channels, int(found["default_samplerate"]))


def default(sounddevice: Any) -> Device:
    """The system's; raises DeviceAbsent."""
    try:
        return _device(sounddevice.query_devices(None, "input"))
    except (sounddevice.PortAudioError, ValueError) as e:
        raise DeviceAbsent(f"no microphone: {one_line(e)}; {REMEDY}") from None


def choose(devices: Sequence[Device], wanted: str | int) -> Device:
    """The one that is named so, else the one whose name begins so, else the one that has it in its name.

    Capitals do not matter; a name of digits is an index. Raises DeviceAbsent for none, SourceError for several.
    """
    text = str(wanted).strip().casefold()
    if text.isdigit():
        found = [d for d in devices if d.index == int(text)]
    else:
        names = [(d, d.name.casefold()) for d in devices]
        by_rank = (
            [d for d, name in names if name == text],
            [d for d, name in names if name.startswith(text)],
            [d for d, name in names if text in name],
        )
        found = next((rank for rank in by_rank if rank), [])
    if not found:
        there = ", ".join(d.name for d in devices) or "none at all"
        raise DeviceAbsent(f"microphone {wanted}: not there (there is {there}); {REMEDY}")
    if len(found) > 1:
        names_found = " and ".join(f"{d.name!r}" for d in found[:3])
        raise SourceError(f"microphone {wanted}: {len(found)} are named so, {names_found}; give more of the name")
    return found[0]


def one_line(error: Exception) -> str:
    """A library's words."""
    words = str(error.args[0]) if error.args else str(error)
    return " ".join(words.split()).rstrip(".")
