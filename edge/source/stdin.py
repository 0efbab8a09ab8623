"""Raw little-endian int16 samples from a pipe, such as ``arecord -f S16_LE -t raw`` writes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from edge.source.error import SourceError
from edge.source.resampler import Resampler, require_format
from edge.source.source import RATE_HZ, Samples

CHUNK_BYTES = 1 << 16


class Stdin:
    """Samples as they arrive; how the pipe cuts them makes no difference to the events."""

    def __init__(
        self,
        rate_hz: int = RATE_HZ,
        channels: int = 1,
        pipe: BinaryIO | None = None,
        channel: int | None = None,
    ) -> None:
        require_format(rate_hz, channels)
        self._resampler = Resampler(rate_hz, channels, channel)
        self._pipe: Any = sys.stdin.buffer if pipe is None else pipe
        if self._pipe.isatty():
            raise SourceError("--source - reads raw int16 samples from a pipe; pipe some in or give a file")

    def __iter__(self) -> Iterator[Samples]:
        frame_bytes = 2 * self._resampler.channels
        rest, given = b"", 0
        # read1: what is there, at once; a read of a whole chunk would wait for it
        while chunk := self._pipe.read1(CHUNK_BYTES):
            chunk = rest + chunk
            whole = len(chunk) - len(chunk) % frame_bytes
            rest = chunk[whole:]
            given += whole
            yield self._resampler.push(_frames(chunk[:whole], self._resampler.channels))
        if given == 0:
            raise SourceError("stdin: ended without a sample; pipe raw int16 samples in")
        yield self._resampler.finish()

    def close(self) -> None:
        """The pipe belongs to the process."""


def _frames(data: bytes, channels: int) -> Samples:
    return np.frombuffer(data, "<i2").reshape(-1, channels).astype(np.int16, copy=False)
