"""Portraits made of people cut out of some pictures, over other backgrounds: the remedy for little data.

A mask is closed, its edge feathered, the person scaled and set into another picture; light and grain of both are
brought together, so that a network cannot find people by their seams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from training.augment.portrait_clothes import dressed
from training.data.portraits import Picture, pillow

SMALLEST_PERSON = 0.01
"""Share of its picture below which a person is not cut out."""
FREE = 64
"""Pixels of a side below which what is free of people is no background."""
OVERSCALE = 3.0
"""A person is enlarged by this at most: what is blurred must not mean a person."""


@dataclass(frozen=True)
class CutOut:
    """A person without a background."""

    rgb: np.ndarray
    """uint8 [H, W, 3]"""
    alpha: np.ndarray
    """float32 [H, W] in 0..1, feathered"""
    cut: tuple[bool, bool, bool, bool]
    """Above, below, left, right: the source picture ends within the person, who must stand at a border again."""

    @property
    def area(self) -> float:
        return float(self.alpha.sum())


@dataclass(frozen=True)
class Compose:
    """How people are set into pictures."""

    share: tuple[float, float] = (0.05, 0.8)
    """Of the picture that all people together cover; log-uniform."""
    people: tuple[float, ...] = (0.55, 0.25, 0.12, 0.08)
    """How often there are one, two, three, four."""
    empty: float = 0.04
    """How often nobody is there."""
    light: float = 0.7
    """Up to how much of the difference in colour is taken away."""
    clothes: float = 0.0
    """How often a person wears something else."""


def cut_out(picture: Picture) -> CutOut | None:
    """All people of a picture; None where there are next to none. Holes of hand-made masks are filled."""
    whole = _solid(picture.mask)
    if whole.mean() < SMALLEST_PERSON:
        return None
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    feather = max(0.6, 0.004 * float(np.sqrt(whole.sum())))
    # Thinned by half a feather first: the soft edge then holds little of the old background.
    soft = ndimage.gaussian_filter(ndimage.binary_erosion(whole, border_value=1).astype(np.float32), feather)
    box = slice(max(0, top - 2), bottom + 2), slice(max(0, left - 2), right + 2)
    h, w = whole.shape
    cut = (bool(top <= 1), bool(bottom >= h - 2), bool(left <= 1), bool(right >= w - 2))
    return CutOut(picture.rgb[box], soft[box].astype(np.float32), cut)


def beside_people(picture: Picture) -> np.ndarray | None:
    """The largest part of a picture above, below, left or right of all its people, uint8 [h, w, 3]; None if small.

    Rooms and streets as people stand in them, which folders of things do not show.
    """
    h, w = picture.mask.shape
    if not picture.mask.any():
        return picture.rgb
    rows, columns = np.flatnonzero(picture.mask.any(1)), np.flatnonzero(picture.mask.any(0))
    margin = max(3, round(0.02 * max(h, w)))  # hand-made masks end a little within the person
    top, bottom = max(0, rows[0] - margin), rows[-1] + 1 + margin
    left, right = max(0, columns[0] - margin), columns[-1] + 1 + margin
    parts = [picture.rgb[:top], picture.rgb[bottom:], picture.rgb[:, :left], picture.rgb[:, right:]]
    large = [p for p in parts if min(p.shape[:2]) >= FREE]
    return max(large, key=lambda p: p.size, default=None)


def _solid(mask: np.ndarray) -> np.ndarray:
    """Small holes filled and specks dropped; a hole of a fifth of the person is an arm's, and stays."""
    filled = ndimage.binary_fill_holes(mask)
    holes, count = ndimage.label(filled & ~mask)
    sizes = np.bincount(holes.ravel(), minlength=count + 1)
    large = sizes > 0.05 * mask.sum()
    large[0] = False
    solid = filled & ~large[holes]
    parts, count = ndimage.label(solid)
    kept = np.bincount(parts.ravel(), minlength=count + 1) > 0.02 * solid.sum()
    kept[0] = False
    result: np.ndarray = kept[parts]
    return result


def compose(
    rng: np.random.Generator, people: Sequence[CutOut], background: np.ndarray, options: Compose, size: tuple[int, int],
    fabric: np.ndarray | None = None,
) -> Picture:  # fmt: skip
    """Some of the cut-outs, the first one always among them, over a background at (height, width).

    New clothes are cut from `fabric`, a picture.
    """
    height, width = size
    canvas = crop(rng, background, size).astype(np.float32)
    covered = np.zeros(size, np.float32)
    if not people or rng.random() < options.empty:
        return Picture(canvas.astype(np.uint8), covered > 0.5)
    count = 1 + int(rng.choice(len(options.people), p=np.array(options.people) / sum(options.people)))
    low, high = np.log(options.share)
    share = float(np.exp(rng.uniform(low, high))) / count
    chosen = [people[0], *(people[int(i)] for i in rng.integers(0, len(people), count - 1))]
    for person in sorted(chosen, key=lambda p: p.area):
        cloth = fabric if options.clothes and rng.random() < options.clothes else None
        canvas, alpha = _place(rng, canvas, person, share * float(rng.lognormal(0, 0.2)), options, cloth)
        covered = np.maximum(covered, alpha)
    return Picture(np.clip(canvas, 0, 255).astype(np.uint8), covered > 0.5)


def crop(rng: np.random.Generator, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [height, width, 3]: a random window of a picture, mirrored half of the time."""
    aspect = size[1] / size[0]
    h, w = picture.shape[:2]
    high = min(h, w / aspect) * rng.uniform(0.6, 1.0)
    top, left = rng.uniform(0, h - high), rng.uniform(0, w - high * aspect)
    box = (left, top, left + high * aspect, top + high)
    image = pillow().fromarray(picture).resize((size[1], size[0]), pillow().Resampling.BILINEAR, box=box)
    return np.asarray(image)[:, :: 1 if rng.random() < 0.5 else -1]


def _place(
    rng: np.random.Generator, canvas: np.ndarray, person: CutOut, share: float, options: Compose,
    fabric: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The canvas with a person in it, and the person's alpha [H, W]."""
    height, width = canvas.shape[:2]
    scale = min(OVERSCALE, float(np.sqrt(share * height * width / max(person.area, 1.0))))
    h, w = (max(4, round(n * scale)) for n in person.alpha.shape)
    how = pillow().Resampling.BILINEAR
    rgb = np.asarray(pillow().fromarray(person.rgb).resize((w, h), how), np.float32)
    alpha = np.asarray(pillow().fromarray(person.alpha).resize((w, h), how), np.float32)
    if fabric is not None:
        rgb = dressed(rng, rgb, alpha, crop(rng, fabric, (h, w)))
    above, below, *sides = person.cut
    if rng.random() < 0.5:
        rgb, alpha, sides = rgb[:, ::-1], alpha[:, ::-1], sides[::-1]
    top = _start(rng, h, height, (above, below), 0.0)
    left = _start(rng, w, width, (sides[0], sides[1]), 0.3)
    out = slice(max(0, top), min(height, top + h)), slice(max(0, left), min(width, left + w))
    own = slice(out[0].start - top, out[0].stop - top), slice(out[1].start - left, out[1].stop - left)
    rgb, soft = rgb[own], alpha[own]
    if not soft.size:
        return canvas, np.zeros((height, width), np.float32)
    rgb = grained(rng, lit(rng, rgb, soft, canvas[out], options.light), canvas)
    result = canvas.copy()
    result[out] = canvas[out] * (1 - soft[..., None]) + rgb * soft[..., None]
    placed = np.zeros((height, width), np.float32)
    placed[out] = soft
    return result, placed


def _start(rng: np.random.Generator, length: int, room: int, cut: tuple[bool, bool], hidden: float) -> int:
    """Where a person of `length` pixels begins in `room`: a cut end lies at or beyond the border.

    A whole one may lose the share `hidden` of itself beyond either border.
    """
    before, after = cut
    if length > room and after:  # the head stays in the picture, what is too tall goes below it
        return int((room - length) * rng.random()) if before else int(0.1 * room * rng.random())
    if before or after:
        return room - length if after and (not before or rng.random() < 0.5) else min(0, room - length)
    low, high = -hidden * length, room - length + (hidden + 0.1) * length
    return int(rng.uniform(low, max(low + 1, high)))


def lit(rng: np.random.Generator, rgb: np.ndarray, alpha: np.ndarray, behind: np.ndarray, most: float) -> np.ndarray:
    """The person's colours brought some way to those of what is behind: mean and spread of each channel."""
    inside = alpha > 0.5
    if inside.sum() < 16:
        return rgb
    share = rng.uniform(0, most)
    mean, spread = rgb[inside].mean(0), rgb[inside].std(0) + 1.0
    other, others = behind.reshape(-1, 3).mean(0), behind.reshape(-1, 3).std(0) + 1.0
    gain = np.clip(others / spread, 0.6, 1.6) ** (share / 2)
    # In equal parts from everywhere: a white shirt at night is grey, not blue.
    shift = (other - mean) * share * 0.5 + (other.mean() - mean.mean()) * share * 0.25
    result: np.ndarray = (rgb - mean) * gain + mean + shift
    return result


def grain(rgb: np.ndarray) -> float:
    """Standard deviation of the noise of a picture [H, W, 3], from its flattest half (Immerkaer 1996)."""
    grey = rgb.mean(2)
    if min(grey.shape) < 5:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rest = np.abs(ndimage.convolve(grey.astype(np.float32), kernel)[1:-1, 1:-1])
    return float(np.median(rest) / 0.6745 / 6)


def grained(rng: np.random.Generator, rgb: np.ndarray, canvas: np.ndarray) -> np.ndarray:
    """With as much noise more as the background has more; what is noisier than it stays."""
    missing = grain(canvas) ** 2 - grain(rgb) ** 2
    if missing <= 0:
        return rgb
    # Measured on the mean of three channels, each of which gets noise of its own.
    return rgb + rng.normal(0, np.sqrt(3 * missing), rgb.shape).astype(np.float32)
