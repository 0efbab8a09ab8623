"""Views as a video file that can be played however it ended, because it is made of pieces that stand alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec import codecs_available
from PIL import Image

from edge.output.error import cannot_write
from edge.output.output import View
from edge.source.frame import Frame

TICKS_HZ = 1_000
PIECE_FRAMES = 20
"""Not more than some two pieces are lost when the power goes."""
CODECS = {
    ".mp4": ("libx264", "mpeg4"),
    ".mov": ("libx264", "mpeg4"),
    ".mkv": ("libx264", "mpeg4"),
    ".webm": ("libvpx-vp9", "libvpx"),
}
"""By suffix: the first that FFmpeg was built with."""
SUFFIXES = tuple(CODECS)
FAST = {"libx264": {"preset": "veryfast", "crf": "23"}, "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
CLUSTERS = {"cluster_time_limit": "2000"}
PIECES = {".mp4": FRAGMENTS, ".mov": FRAGMENTS, ".mkv": CLUSTERS, ".webm": CLUSTERS}
AT_ONCE = {"flush_packets": "1"}
"""Or FFmpeg keeps the last 32 KB to itself."""


class Video:
    """Frames at their own times, of the first one's size; without sound. An older file of the name is overwritten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: Any = None
        self._last = -1
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("wb").close()  # av opens it with the first picture only
            options = AT_ONCE | PIECES[path.suffix.lower()]
            self._container: Any = av.open(str(path), "w", options=options)
        except (av.FFmpegError, OSError, ValueError) as e:
            raise cannot_write(path, e) from None

    def __call__(self, view: View, frame: Frame) -> None:
        if self._stream is None:
            self._begin(view.shape[1], view.shape[0])
        picture = av.VideoFrame.from_ndarray(self._fitted(view), format="rgb24")
        self._last = max(self._last + 1, round(frame.time_s * TICKS_HZ))
        picture.pts, picture.time_base = self._last, Fraction(1, TICKS_HZ)
        self._write(picture)

    def _begin(self, width: int, height: int) -> None:
        codecs = CODECS[self.path.suffix.lower()]
        codec = next((c for c in codecs if c in codecs_available), codecs[-1])
        try:
            stream = self._container.add_stream(codec, rate=30, options=FAST.get(codec, {}))
        except (av.FFmpegError, ValueError) as e:
            raise cannot_write(self.path, e) from None
        # Colours are stored for squares of four pixels.
        stream.width, stream.height = max(2, width & ~1), max(2, height & ~1)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS_HZ)
        context.gop_size, context.max_b_frames = PIECE_FRAMES, 0
        self._stream = stream

    def _fitted(self, view: View) -> View:
        rgb = np.repeat(view[..., None], 3, axis=2) if view.ndim == 2 else view
        size = self._stream.width, self._stream.height
        if (rgb.shape[1] & ~1, rgb.shape[0] & ~1) == size:
            return np.ascontiguousarray(rgb[: size[1], : size[0]])
        return np.array(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR))

    def _write(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as e:
            self._abandon()
            raise cannot_write(self.path, e) from None

    def close(self) -> None:
        container, self._container = self._container, None
        if container is None:
            return
        try:
            if self._stream is not None:
                for packet in self._stream.encode(None):
                    container.mux(packet)
            container.close()
        except (av.FFmpegError, OSError) as e:
            raise cannot_write(self.path, e) from None

    def _abandon(self) -> None:
        """After a failure: the end cannot be written either, and what says so would hide the reason."""
        container, self._container = self._container, None
        try:
            container.close()
        except (av.FFmpegError, OSError):
            return
