"""People in pictures: a frame through the network to a mask, whether somebody is there, and events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.decide.mask import MaskSmoother
from edge.decide.presence import Presence
from edge.manifest import Bundle, BundleError
from edge.runtime.backend import DEFAULT, open_picture
from edge.source.frame import Frame, Rgb
from edge.tasks.event import Event
from edge.tasks.task import SIGN, Report

PERSON, NOBODY = "person", "nobody"
UNSURE = (51, 204)
"""Probabilities between, of 255: the network does not know."""
MOST_UNSURE = 0.75
"""Unsure pixels for each of the person's, beyond which a mask is not to be trusted: such masks are wrong mostly."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Portrait:
    """What is seen in one frame."""

    mask: Bytes
    """The person's probability, uint8 [height, width] of the network, full scale 255, over the whole frame."""
    share: float
    """Of the frame that is a person, 0 to 1."""
    present: bool
    certain: bool
    """Somebody is shown and the network knows where. If not, a view hides all."""
    empty: bool
    """Surely nobody is there: next to no pixel is unsure."""
    events: list[Event] = field(default_factory=list)


class PortraitTask:
    """One network on one camera's pictures, or on pictures ``apart``, that have nothing to do with one another.

    Of a camera, an event tells when somebody comes ("person") or when all are gone ("nobody"), the score being
    their share of the frame; of pictures apart, one tells of each. ``report`` gets every frame's share. Raises
    BundleError for a bundle that is not for pictures or whose network is not its manifest's.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 1,
        report: Report | None = None,
        backend: str = DEFAULT,
        apart: bool = False,
    ) -> None:
        picture = bundle.manifest.picture
        if picture is None:
            raise BundleError(f"{bundle.manifest.name}: a model for sound; nuthatch listen runs it")
        self.name, self.rate_hz, self.apart = bundle.manifest.name, picture.rate_hz, apart
        self._network = open_picture(bundle, backend, threads)
        self.size = self._network.width, self._network.height
        if self.size != (picture.width, picture.height):
            raise BundleError(
                f"{bundle.folder}: model.tflite takes {self.size[1]} x {self.size[0]} pixels, "
                f"its manifest says {picture.height} x {picture.width}; convert the model again"
            )
        self.report = report
        self._smoother = MaskSmoother()
        self._presence = Presence(picture.presence)

    def reset(self) -> None:
        """Begin with another camera or picture."""
        self._smoother.reset()
        self._presence.reset()

    def look(self, frame: Frame) -> Portrait:
        """One frame, any size."""
        if self.apart:
            self.reset()
        found = probabilities(self._network.run(pixels(frame.rgb, self.size)))
        mask = np.rint(255 * self._smoother.update(found, frame.time_s)).astype(np.uint8)
        share = float(np.mean(mask > 127))
        changed = self._presence.update(share, frame.time_s)
        present = self._presence.present
        unsure = float(np.mean((mask > UNSURE[0]) & (mask < UNSURE[1])))
        certain = present and not self._presence.held and unsure <= MOST_UNSURE * share
        empty = not present and unsure < self._presence.enter
        label, name = PERSON if present else NOBODY, readable(frame.name)
        event = Event(round(frame.time_s, 3), label, round(share, 5), self.name, name)
        if self.report is not None:
            self.report(event)
        return Portrait(mask, share, present, certain, empty, [event] if changed or self.apart else [])


def readable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8, which Linux allows, cannot be written anywhere else."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def pixels(rgb: Rgb, size: tuple[int, int]) -> NDArray[np.int8]:
    """uint8 [H, W, 3] -> the network's input int8 [height, width, 3]: squeezed to its size, as in training."""
    picture = Image.fromarray(rgb)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    return (np.asarray(picture) ^ SIGN).view(np.int8)


def probabilities(output: NDArray[np.int8]) -> NDArray[np.float32]:
    """int8 in 1/256 from -128 -> float32, 0 to 1."""
    return (output.view(np.uint8) ^ SIGN).astype(np.float32) / np.float32(255)


def at_size(mask: Bytes, size: tuple[int, int]) -> Bytes:
    """uint8 [h, w] -> uint8 [H, W] for (W, H): laid over the frame it was found in."""
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.BILINEAR))
