"""Which pixels a view must hide. What is not known is hidden."""

from __future__ import annotations

import numpy as np

from edge.decide.mask import box_mean
from edge.source.frame import Rgb
from edge.tasks.portrait import UNSURE, Portrait, at_size
from edge.view.view import Bytes, Shot

HIDE = ("person", "background")
MARGIN = 0.0125
"""Of the mask's width: so far around a person everything is hidden, because outlines are where networks err."""
PERSON = (102, 204)
"""Probabilities of 255 between which the background fades into the person, when the background is hidden."""


def shot(rgb: Rgb, portrait: Portrait | None, hide: str, show_empty: bool = False) -> Shot:
    """``portrait`` is None where the network failed.

    All is hidden unless somebody was found and the network knows where. ``show_empty``: a frame in which there is
    surely nobody is shown when it is people who are hidden.
    """
    size = rgb.shape[1], rgb.shape[0]
    if portrait is None:
        return Shot(rgb, _flat(size, 255), _flat(size, 0))
    person = at_size(portrait.mask, size)
    if portrait.certain:
        mask = _around_person(portrait.mask) if hide == "person" else _background(portrait.mask)
        return Shot(rgb, at_size(mask, size), person)
    return Shot(rgb, _flat(size, 0 if show_empty and portrait.empty and hide == "person" else 255), person)


def _flat(size: tuple[int, int], value: int) -> Bytes:
    return np.full((size[1], size[0]), value, np.uint8)


def _around_person(mask: Bytes) -> Bytes:
    """All that may be a person and a margin, with an edge that fades outwards only."""
    margin = max(1, round(MARGIN * mask.shape[1]))
    near = box_mean((mask >= UNSURE[0]).astype(np.float32), 2 * margin)
    wider = near > 0.5 / (4 * margin + 1) ** 2  # at least one pixel of those around
    return np.rint(255 * np.clip(box_mean(wider.astype(np.float32), margin), 0, 1)).astype(np.uint8)


def _background(mask: Bytes) -> Bytes:
    """All that is not surely the person."""
    low, high = PERSON
    shown = np.clip((mask.astype(np.int32) - low) * 255 // (high - low), 0, 255)
    return (255 - shown).astype(np.uint8)
