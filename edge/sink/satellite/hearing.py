"""A client's audio through the models, as if it were a microphone of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.daemon.listen import Listener
from edge.manifest import open_bundle
from edge.sink.satellite.wire import WireError, integer
from edge.sink.satellite.words import Word
from edge.source.error import SourceError
from edge.source.resampler import Resampler
from edge.tasks.event import Event
from edge.tasks.keyword import KeywordTask

FULL_SCALE = {1: 2.0**7, 2: 2.0**15, 3: 2.0**23, 4: 2.0**31}


@dataclass(frozen=True)
class Format:
    """What audio-start and every audio-chunk say."""

    rate_hz: int
    width: int
    """Bytes of a sample; one byte is unsigned, more are signed."""
    channels: int

    @classmethod
    def of(cls, data: dict[str, object]) -> Format:
        """Raises WireError."""
        rate_hz, channels = integer(data, "rate", 4_000, 384_000), integer(data, "channels", 1, 32)
        return cls(rate_hz, integer(data, "width", 1, 4), channels)

    def seconds(self, audio: bytes) -> float:
        return len(audio) / (self.rate_hz * self.width * self.channels)

    def samples(self, audio: bytes) -> NDArray[np.float32] | NDArray[np.int16]:
        """[n, channels], float32 of full scale 1 or int16; raises WireError for half a sample."""
        frame = self.width * self.channels
        if len(audio) % frame:
            raise WireError(f"{len(audio)} bytes of audio are no whole number of frames of {frame}")
        if self.width == 2:
            return np.frombuffer(audio, "<i2").reshape(-1, self.channels)
        values = _integers(audio, self.width) / np.float32(FULL_SCALE[self.width])
        return values.astype(np.float32).reshape(-1, self.channels)


class Hearing:
    """From audio-start to audio-stop. Slow to make and to feed: call it in a thread. Raises BundleError."""

    def __init__(self, wanted: Mapping[tuple[str, str], tuple[str, Word]], audio: Format) -> None:
        self.format = audio
        self.heard_s = 0.0
        """Seconds of audio so far."""
        self._names = {key: name for key, (name, _) in wanted.items()}
        try:
            self._resampler = Resampler(audio.rate_hz, audio.channels)
        except SourceError as e:
            raise WireError(str(e)) from None
        models = {word.model: word.loaded for _, word in wanted.values()}
        bundles = [(open_bundle(m.folder or m.manifest.name), m.thresholds) for m in models.values()]
        self._listener = Listener([KeywordTask(bundle, thresholds) for bundle, thresholds in bundles])

    def push(self, audio: bytes) -> list[str]:
        """Raw samples -> the names of the words they complete."""
        samples = self._resampler.push(self.format.samples(audio))
        self.heard_s += self.format.seconds(audio)
        return self._named(self._listener.push(samples))

    def finish(self) -> list[str]:
        """Words at the very end are found after it."""
        return self._named([*self._listener.push(self._resampler.finish()), *self._listener.finish()])

    def _named(self, events: list[Event]) -> list[str]:
        return [self._names[e.model, e.label] for e in events if (e.model, e.label) in self._names]


def _integers(audio: bytes, width: int) -> NDArray[np.float32]:
    if width == 1:
        return np.frombuffer(audio, np.uint8).astype(np.float32) - np.float32(128)
    if width == 4:
        return np.frombuffer(audio, "<i4").astype(np.float32)
    three = np.frombuffer(audio, np.uint8).reshape(-1, 3)
    four = np.concatenate([np.zeros((len(three), 1), np.uint8), three], axis=1)
    return (np.ascontiguousarray(four).view("<i4")[:, 0] >> 8).astype(np.float32)
