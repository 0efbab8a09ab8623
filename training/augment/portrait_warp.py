"""Pictures and masks turned, scaled, shifted and mirrored together."""

from __future__ import annotations

import numpy as np

from training.data.portraits import Picture, pillow

FILL = (128, 128, 128)
SCALE = (0.5, 1.5)
SHIFT = 0.25


def warp(
    rng: np.random.Generator, picture: Picture, size: tuple[int, int], probability: float = 0.5, degrees: float = 45.0
) -> Picture:
    """At (height, width), warped with that probability, mirrored with one half; what comes in from outside is grey.

    Turned by up to `degrees` either way, before the aspect changes.
    """
    height, width = size
    h, w = picture.mask.shape
    turn, scale, dx, dy = 0.0, 1.0, 0.0, 0.0
    if rng.random() < probability:
        turn, scale = float(np.deg2rad(rng.uniform(-degrees, degrees))), float(rng.uniform(*SCALE))
        dx, dy = (float(v) for v in rng.uniform(-SHIFT, SHIFT, 2))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    # From the result's pixels, centred and in shares of the picture, to the source's.
    cos, sin = np.cos(turn) / scale, np.sin(turn) / scale
    matrix = np.array([[mirror * cos, mirror * sin], [-sin, cos]])
    matrix = np.diag([w, h]) @ matrix @ np.diag([1 / width, 1 / height])
    centre = np.array([w / 2, h / 2]) - matrix @ (np.array([width, height]) * (0.5 + np.array([dx, dy])))
    affine = (*matrix[0], centre[0], *matrix[1], centre[1])
    return Picture(_moved(picture.rgb, affine, size, FILL), _moved(_bytes(picture.mask), affine, size, 0) > 127)


def _bytes(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8) * 255


def _moved(values: np.ndarray, affine: tuple[float, ...], size: tuple[int, int], fill: object) -> np.ndarray:
    image = pillow()
    source = image.fromarray(values)
    # Pillow samples without smoothing: a much larger picture is first made smaller.
    factor = min(size[0] / values.shape[0], size[1] / values.shape[1])
    if factor < 0.7:
        smaller = max(1, round(values.shape[1] * factor)), max(1, round(values.shape[0] * factor))
        x, y = smaller[0] / values.shape[1], smaller[1] / values.shape[0]
        source = source.resize(smaller, image.Resampling.BOX)
        affine = (*(v * x for v in affine[:3]), *(v * y for v in affine[3:]))
    moved = source.transform(
        (size[1], size[0]), image.Transform.AFFINE, affine, image.Resampling.BILINEAR, fillcolor=fill
    )
    return np.asarray(moved)
