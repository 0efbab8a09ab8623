"""What light and a camera do to a picture: colour, brightness, contrast, sharpness, blur, noise, compression."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from training.data.portraits import pillow

JITTER = 0.4
NOISE = 10.0
"""Largest standard deviation, of 255."""
QUALITY = (30, 95)


def light(rng: np.random.Generator, rgb: np.ndarray, probability: float = 0.5) -> np.ndarray:
    """uint8 [H, W, 3] with each change made with that probability."""
    from PIL import ImageEnhance, ImageFilter

    def chosen() -> bool:
        return bool(rng.random() < probability)

    picture: Any = pillow().fromarray(rgb)
    for kind in ("Color", "Brightness", "Contrast", "Sharpness"):
        if chosen():
            picture = getattr(ImageEnhance, kind)(picture).enhance(float(rng.uniform(1 - JITTER, 1 + JITTER)))
    if chosen():
        picture = picture.filter(ImageFilter.BoxBlur(float(rng.choice([1, 2])) * float(rng.random())))
    if chosen():
        picture = compressed(picture, int(rng.integers(*QUALITY)))
    if not chosen():
        return np.asarray(picture)
    noisy = np.asarray(picture, np.float32) + rng.normal(0, rng.uniform(0, NOISE), rgb.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def compressed(picture: Any, quality: int) -> Any:
    """Through JPEG and back."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return pillow().open(file).convert("RGB")
