"""A microphone through PortAudio: its callback fills a ring, the listener empties it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from edge.source import portaudio
from edge.source.device import REMEDY, Device, choose, default, microphones, one_line
from edge.source.error import DeviceAbsent, DeviceBusy, DeviceStopped, SourceError
from edge.source.holder import holder
from edge.source.portaudio import load_portaudio
from edge.source.resampler import Resampler
from edge.source.ring import Ring
from edge.source.source import RATE_HZ, Samples

BLOCK_MS = 60
"""Samples are taken from the ring in such blocks: a shorter one hears no sooner than the model steps."""
RING_S = 8
STALL_S = 5.0
"""A device that gives nothing for so long has gone."""
RATES_HZ = (48_000, 44_100, 32_000, 24_000, 22_050, 11_025, 8_000)
"""After 16 kHz and the device's own."""
CARD_CHANNELS = 8
"""What offers more is no card."""
UNAVAILABLE = -9985
"""PortAudio's code for a device that cannot be opened now."""


class Microphone:
    """A device by name (or a part of it) or index; None is the system's default.

    Opened at 16 kHz where the device allows it, else at another rate and resampled. ``channel`` is the number of
    the one that is heard, from 0; None mixes all. Raises SourceError, DeviceAbsent, DeviceBusy.
    """

    def __init__(self, device: str | int | None = None, channel: int | None = None, stall_s: float = STALL_S) -> None:
        sounddevice = load_portaudio()
        self._is_closed = True
        self._wanted, self._channel, self._stall_s = device, channel, stall_s
        with portaudio.opening(sounddevice):
            self._stream, found, self.rate_hz, self.channels = self._open(sounddevice)
        self._is_closed = False
        self.name = found.name
        self._resampler = Resampler(self.rate_hz, self.channels, channel)
        self._ring = Ring(RING_S * self.rate_hz, self.channels)

    def _open(self, sounddevice: Any) -> tuple[Any, Device, int, int]:
        """(stream, device, rate, channels) of the first format that the device takes."""
        found = self._find(sounddevice)
        try:
            return self._first_accepted(sounddevice, found)
        except (sounddevice.PortAudioError, ValueError) as e:
            raise self._refused(e, found) from None

    def _find(self, sounddevice: Any) -> Device:
        wanted = "" if self._wanted is None else self._wanted
        try:
            return default(sounddevice) if wanted == "" else choose(microphones(sounddevice), wanted)
        except DeviceAbsent:
            # PortAudio does not list a card that another program holds
            if held := holder(str(wanted)):
                raise DeviceBusy(_busy(held)) from None
            raise
        except sounddevice.PortAudioError as e:
            raise SourceError(f"microphone {wanted}: {one_line(e)}; {REMEDY}") from None

    def _refused(self, error: Exception, found: Device) -> SourceError:
        held = holder(found.name)
        if held:
            return DeviceBusy(_busy(held))
        text = f"microphone {found.name}: {one_line(error)}; {REMEDY}"
        return DeviceBusy(text) if UNAVAILABLE in error.args else SourceError(text)

    def _first_accepted(self, sounddevice: Any, found: Device) -> tuple[Any, Device, int, int]:
        refused: Exception | None = None
        for rate_hz, channels in formats(found, self._channel):
            try:
                stream = sounddevice.RawInputStream(
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="int16",
                    device=found.index,
                    blocksize=rate_hz * BLOCK_MS // 1000,
                    callback=self._callback,
                )
            except sounddevice.PortAudioError as e:
                refused = refused or e
                if UNAVAILABLE in e.args:
                    break
            else:
                return stream, found, rate_hz, channels
        assert refused is not None
        raise refused

    def _callback(self, data: Any, frames: int, _time: Any, status: Any) -> None:
        """PortAudio's thread: copy and return, never wait."""
        if status and status.input_overflow:
            self._ring.overruns += 1
        self._ring.write(np.frombuffer(data, np.int16).reshape(frames, -1))

    @property
    def overruns(self) -> int:
        """Blocks that were lost, in whole or in part, because the listener was too slow."""
        return self._ring.overruns

    @property
    def lost_samples(self) -> int:
        """Samples at 16 kHz that are known to be missing in them; how many the card itself lost, nobody says."""
        return self._ring.lost * RATE_HZ // self.rate_hz

    def __iter__(self) -> Iterator[Samples]:
        self._start()
        block = self.rate_hz * BLOCK_MS // 1000
        last = time.monotonic()
        while not self._is_closed:
            samples = self._ring.read(max(block, len(self._ring)))
            waited_s = time.monotonic() - last
            if len(samples):
                last += waited_s
                yield self._resampler.push(samples)
            elif not self._stream.active:
                raise DeviceStopped(f"microphone {self.name}: stopped giving samples; is it unplugged? {REMEDY}")
            elif waited_s > self._stall_s:
                raise DeviceStopped(f"microphone {self.name}: stopped giving samples {waited_s:.0f} s ago; {REMEDY}")
            time.sleep(max(0.0, (block - len(self._ring)) / self.rate_hz))

    def _start(self) -> None:
        try:
            self._stream.start()
        except Exception as e:
            raise DeviceStopped(f"microphone {self.name}: cannot start ({one_line(e)}); {REMEDY}") from None

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._stream.close(ignore_errors=True)
            portaudio.closed()


def formats(found: Device, channel: int | None = None) -> list[tuple[int, int]]:
    """(rate, channels) to try, the best first.

    For a mix: one channel (a sound server mixes by itself), two, all. For one channel: all of a card, whose order is
    the hardware's; two or more, but few, of a sound server, which would mix for one and makes up any number.
    """
    if channel is None:
        counts = [1, min(2, found.channels), found.channels]
    elif channel >= found.channels:
        raise SourceError(
            f"microphone {found.name}: has {found.channels} channels, no channel {channel}; the first is 0"
        )
    else:
        few = min(max(2, channel + 1), found.channels)
        counts = [few, found.channels] if found.channels > CARD_CHANNELS else [found.channels, few]
    rates = dict.fromkeys((RATE_HZ, found.rate_hz, *RATES_HZ))
    return [(rate, n) for rate in rates for n in dict.fromkeys(counts)]


def _busy(held: str) -> str:
    return f"microphone {held}; end that program, or choose another microphone with --device"
