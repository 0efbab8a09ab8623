"""A microphone through PortAudio: its callback fills a ring, the listener empties it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from edge.source.error import SourceError
from edge.source.resampler import Resampler
from edge.source.ring import Ring
from edge.source.source import RATE_HZ, Samples

BLOCK_MS = 60
"""Samples are taken from the ring in such blocks: a shorter one hears no sooner than the model steps."""
RING_S = 8
SILENT_S = 5.0
"""A device that gives nothing for so long has gone."""
REMEDY = "nuthatch doctor lists the microphones; choose one with --device"


class Microphone:
    """A device by name (or a part of it) or index; None is the system's default.

    Opened at 16 kHz mono where the device allows it, else at its own rate and resampled.
    """

    def __init__(self, device: str | int | None = None) -> None:
        sounddevice = load_portaudio()
        self.device = int(device) if isinstance(device, str) and device.isdigit() else device
        self._stream, self.rate_hz, channels = self._open(sounddevice)
        self._resampler = Resampler(self.rate_hz, channels)
        self._ring = Ring(RING_S * self.rate_hz, channels)

    def _open(self, sounddevice: Any) -> tuple[Any, int, int]:
        """(stream, rate, channels) of the first format that the device takes."""
        try:
            found = sounddevice.query_devices(self.device, "input")
            own = int(found["default_samplerate"])
            most = max(1, min(2, found["max_input_channels"]))
            formats = [(RATE_HZ, 1), (RATE_HZ, most), (own, 1), (own, most)]
            return self._first_accepted(sounddevice, list(dict.fromkeys(formats)))
        except (sounddevice.PortAudioError, ValueError) as e:
            name = "no microphone" if self.device is None else f"microphone {self.device}"
            raise SourceError(f"{name}: {_reason(e)}; {REMEDY}") from None

    def _first_accepted(self, sounddevice: Any, formats: list[tuple[int, int]]) -> tuple[Any, int, int]:
        refused: Exception | None = None
        for rate_hz, channels in formats:
            try:
                stream = sounddevice.RawInputStream(
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="int16",
                    device=self.device,
                    blocksize=rate_hz * BLOCK_MS // 1000,
                    callback=self._callback,
                )
            except sounddevice.PortAudioError as e:
                refused = refused or e
            else:
                return stream, rate_hz, channels
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

    def __iter__(self) -> Iterator[Samples]:
        self._stream.start()
        block = self.rate_hz * BLOCK_MS // 1000
        last = time.monotonic()
        while True:
            samples = self._ring.read(max(block, len(self._ring)))
            if len(samples):
                last = time.monotonic()
                yield self._resampler.push(samples)
            elif not self._stream.active or time.monotonic() - last > SILENT_S:
                raise SourceError(f"microphone {self._stream.device}: stopped giving samples; {REMEDY}")
            time.sleep(max(0.0, (block - len(self._ring)) / self.rate_hz))

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


def load_portaudio() -> Any:
    """The sounddevice module; raises SourceError where it or the PortAudio library is missing."""
    try:
        import sounddevice
    except ImportError:
        raise SourceError("microphone: sounddevice is missing; pip install sounddevice") from None
    except OSError:
        raise SourceError("microphone: the PortAudio library is missing; apt install libportaudio2") from None
    return sounddevice


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
