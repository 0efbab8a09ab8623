"""Portraits drawn from a seed, with exact masks: for smoke tests, never for a published figure."""

from __future__ import annotations

import numpy as np

from training.data.portraits import Picture, pillow

CANVAS = 2
"""The drawing is this many times as large as the picture, so that edges are smooth."""


def backdrop(rng: np.random.Generator, size: int) -> np.ndarray:
    """uint8 [size, size, 3]: a gradient, blocks of colour or noise of some grain."""
    ends = rng.uniform(0, 255, (2, 3))
    kind = rng.integers(3)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[0:size, 0:size] / size - 0.5
        share = np.clip(x * np.cos(angle) + y * np.sin(angle) + 0.5, 0, 1)[..., None]
        drawn = ends[0] * share + ends[1] * (1 - share)
    else:
        cells = int(rng.integers(2, 8)) if kind == 1 else int(rng.integers(12, 40))
        grid = rng.uniform(0, 255, (cells, cells, 3)) if kind == 1 else ends[0] + rng.normal(0, 40, (cells, cells, 3))
        small = pillow().fromarray(np.clip(grid, 0, 255).astype(np.uint8))
        how = pillow().Resampling.NEAREST if kind == 1 else pillow().Resampling.BICUBIC
        drawn = np.asarray(small.resize((size, size), how), np.float64)
    return np.clip(drawn + rng.normal(0, rng.uniform(0, 8), drawn.shape), 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in rng.integers(low, high, 3))
    return r, g, b


def _skin(rng: np.random.Generator) -> tuple[int, int, int]:
    level = rng.uniform(0.25, 1.0)
    return int(235 * level), int(190 * level), int(160 * level)


def _person(rng: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """RGB [side, side, 3] of torso, neck, hair and head, and their mask."""
    from PIL import ImageDraw

    picture, mask = pillow().new("RGB", (side, side)), pillow().new("L", (side, side))
    on, off = ImageDraw.Draw(picture), ImageDraw.Draw(mask)
    x, y, r = side * rng.uniform(0.3, 0.7), side * rng.uniform(0.25, 0.5), side * rng.uniform(0.09, 0.2)
    skin, wide, tall = _skin(rng), rng.uniform(1.6, 2.6), rng.uniform(1.15, 1.4)

    def both(shape: str, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
        getattr(on, shape)(box, fill=colour)
        getattr(off, shape)(box, fill=255)

    both("ellipse", (x - wide * r, y + 1.5 * r, x + wide * r, y + 9 * r), _colour(rng, 20, 235))
    both("rectangle", (x - 0.45 * r, y + 0.5 * r, x + 0.45 * r, y + 2 * r), skin)
    both("ellipse", (x - 1.15 * r, y - tall * r, x + 1.15 * r, y + rng.uniform(0.4, 1.6) * r), _colour(rng, 5, 140))
    both("ellipse", (x - 0.85 * r, y - 0.9 * tall * r, x + 0.85 * r, y + tall * r), skin)
    for eye in (-0.35, 0.35):
        on.ellipse((x + (eye - 0.12) * r, y - 0.1 * r, x + (eye + 0.12) * r, y + 0.1 * r), fill=(20, 20, 30))
    return np.asarray(picture), np.asarray(mask)


def drawn(rng: np.random.Generator, size: int, people: int | None = None) -> Picture:
    """One picture of `size` x `size`; without a number, mostly one person, sometimes two or nobody."""
    people = int(rng.choice([0, 1, 1, 1, 1, 1, 1, 2])) if people is None else people
    rgb, mask = backdrop(rng, size), np.zeros((size, size), bool)
    for _ in range(people):
        person, shape = _person(rng, CANVAS * size)
        alpha = np.asarray(pillow().fromarray(shape).resize((size, size), pillow().Resampling.BOX))[..., None] / 255
        small = np.asarray(pillow().fromarray(person).resize((size, size), pillow().Resampling.BOX))
        lit = small * rng.uniform(0.8, 1.15) + rng.normal(0, 4, small.shape)
        rgb = np.clip(rgb * (1 - alpha) + lit * alpha, 0, 255).astype(np.uint8)
        mask |= alpha[..., 0] > 0.5
    return Picture(rgb, mask)


def write_drawn(folder: str, count: int, size: int, seed: int = 0) -> None:
    """A folder with img/ and mask/ for tests."""
    from pathlib import Path

    rng = np.random.default_rng(seed)
    for kind in ("img", "mask"):
        (Path(folder) / kind).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        one = drawn(rng, size)
        pillow().fromarray(one.rgb).save(Path(folder) / "img" / f"{i:04}.png")
        pillow().fromarray(one.mask.astype(np.uint8) * 255).save(Path(folder) / "mask" / f"{i:04}.png")
