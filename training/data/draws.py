"""Augmented features of every clip, drawn several times and kept on disk.

A draw is one augmented int8 feature window for each clip. Draw k of clip i depends on (seed, k, i) alone, so a
cache that a kill interrupted is completed to the same bits.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from edge.frontend import FrontendConfig, features
from training.augment.gain import gain
from training.augment.impulse_response import convolve, room, trim
from training.augment.noise import add_noise, coloured, cut
from training.augment.shift import place
from training.augment.speed import speed
from training.data.audio import RATE_HZ, read_audio, to_int16
from training.data.clip import Clip, word_span

ARITHMETIC = "2"
"""Part of a cache's name: raised when the same clips and options give other bits."""


@dataclass(frozen=True)
class Augment:
    """How a clip is varied; shares are probabilities."""

    speed: tuple[float, float] = (0.88, 1.14)
    speed_share: float = 0.7
    shift_ms: int = 120
    gain_db: tuple[float, float] = (-15.0, 9.0)
    noise_share: float = 0.8
    snr_db: tuple[float, float] = (0.0, 30.0)
    response_share: float = 0.25
    room_share: float = 0.25
    word_tail_ms: tuple[int, int] = (40, 320)
    """Time from the end of the word to the end of the window, for clips aligned at their word."""


class Drawn(Protocol):
    """Augmented features by number, None for those without augmentation, and a name for all that they depend on."""

    @property
    def key(self) -> str: ...

    def __call__(self, k: int | None) -> np.ndarray: ...


@dataclass
class Draws:
    """Draws of a list of clips. Missing noises or responses leave those augmentations out."""

    clips: list[Clip]
    config: FrontendConfig
    frames: int
    augment: Augment
    seed: int
    folder: Path
    noises: list[Path] = field(default_factory=list)
    responses: list[Path] = field(default_factory=list)
    progress: Callable[[str], None] = lambda line: None

    def __post_init__(self) -> None:
        self._sounds: dict[Path, np.ndarray] = {}
        self._spans: dict[Path, tuple[float, float]] = {}
        self._noise: list[np.ndarray] = []
        self._responses: list[np.ndarray] = []

    @property
    def key(self) -> str:
        """Names the cache: everything that its bits depend on."""
        parts = [
            ARITHMETIC, self.config.hash, str(self.frames), json.dumps(asdict(self.augment)), str(self.seed),
            *(f"{c.path.name}{c.path.stat().st_size}{c.start_s}{c.duration_s}{c.align}" for c in self.clips),
            *(f"{p.name}{p.stat().st_size}" for p in [*self.noises, *self.responses]),
        ]  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def __call__(self, k: int | None) -> np.ndarray:
        """int8 [clips, frames, bands]: draw k, or with None the clips as they are, without augmentation."""
        file = self.folder / f"{self.key}-{'plain' if k is None else k}.npy"
        found = _kept(file)
        if found is None:
            self._write(file, k)
            found = np.load(file, mmap_mode="r")
        return found

    def _write(self, file: Path, k: int | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.load()
        self.progress(f"features: {len(self.clips):,} clips, {'plain' if k is None else f'draw {k}'}")
        out = np.empty((len(self.clips), self.frames, self.config.bands), np.int8)

        def one(i: int) -> None:
            out[i] = features(self.sound(i, k), self.config)[: self.frames]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(one, range(len(out)), chunksize=64):
                pass
        partial = file.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as f:
            np.save(f, out)
        partial.replace(file)

    def load(self) -> None:
        """Read all audio into memory once."""
        if self._sounds:
            return
        paths = sorted({c.path for c in self.clips})
        self.progress(f"reading {len(paths):,} files")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._sounds = dict(zip(paths, pool.map(read_audio, paths), strict=True))
            self._noise = list(pool.map(read_audio, self.noises))
            self._responses = [trim(r.astype(np.float32) / 32768) for r in pool.map(read_audio, self.responses)]
        words = {c.path for c in self.clips if c.align in ("word", "part")}
        self._spans = {p: word_span(self._sounds[p]) for p in words}

    def sound(self, i: int, k: int | None) -> np.ndarray:
        """int16 [n]: the window of clip i in draw k, before the front end."""
        self.load()
        clip, n = self.clips[i], self.config.samples(self.frames)
        rng = np.random.default_rng((self.seed, 0 if k is None else k + 1, i))
        x = self._sounds[clip.path].astype(np.float32) / 32768
        if k is None:
            return to_int16(self._window(clip, x, n, rng, 1.0, 0.0))
        varied = speed(x, rng, *self.augment.speed) if rng.random() < self.augment.speed_share else x
        y = self._window(clip, varied, n, rng, len(varied) / len(x), self.augment.shift_ms / 1000)
        return to_int16(self._acoustics(y, rng))

    def _window(
        self, clip: Clip, x: np.ndarray, n: int, rng: np.random.Generator, stretch: float, shift_s: float
    ) -> np.ndarray:
        """Place the (stretched) recording in a window of n samples as the clip's alignment says."""
        if clip.align in ("word", "part"):
            on, off = (int(s * stretch * RATE_HZ) for s in self._spans[clip.path])
            if clip.align == "word":
                low, high = self.augment.word_tail_ms
                tail_ms = rng.uniform(low, high) if shift_s else (low + high) / 2
                return place(x, n, n - int(tail_ms * RATE_HZ / 1000) - off)
            if rng.random() < 0.5:  # only its beginning is in the window
                return place(x, n, n - on - int(rng.uniform(0.2, 0.6) * (off - on)))
            return place(x, n, -on - int(rng.uniform(0.4, 0.8) * (off - on)))
        first = int(clip.start_s * stretch * RATE_HZ)
        length = len(x) - first if clip.duration_s is None else int(clip.duration_s * stretch * RATE_HZ)
        if clip.align == "whole":
            shift = int(rng.uniform(-shift_s, shift_s) * RATE_HZ)
            return place(x[first : first + length], n, (n - length) // 2 + shift)
        if len(x) > n:  # anywhere in a longer recording, around its segment
            low, high = first - n // 2, first + length - n // 2
            return place(x, n, -int(np.clip(rng.integers(low, high + 1), 0, len(x) - n)))
        return place(x, n, int(rng.uniform(-0.3, 1.0) * (n - len(x) * 0.7)))

    def _acoustics(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Room, microphone, level, background, and the floor of a real converter."""
        a = self.augment
        n = len(x)
        if rng.random() < a.room_share:
            x = convolve(x, room(rng))
        if rng.random() < a.noise_share:
            pick = rng.integers(0, len(self._noise) + 3)  # three chances for noise that needs no recording
            noise = cut(self._noise[pick], n, rng) / np.float32(32768) if pick < len(self._noise) else coloured(n, rng)
            x = add_noise(x, noise.astype(np.float32), rng, *a.snr_db)
        if self._responses and rng.random() < a.response_share:
            x = convolve(x, self._responses[rng.integers(0, len(self._responses))])
        x = gain(x, rng, *a.gain_db)
        return x + coloured_floor(n, rng)


def _kept(file: Path) -> np.ndarray | None:
    """None for a file that is not there, or that a full disk or a copy has cut."""
    try:
        return np.load(file, mmap_mode="r") if file.is_file() else None
    except (ValueError, EOFError):
        return None


def coloured_floor(n: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [n] noise at -90 to -60 dBFS, so that no window holds digital silence only."""
    noise = coloured(n, rng)
    return noise / np.float32(noise.std() + 1e-9) * np.float32(10 ** (rng.uniform(-90, -60) / 20))


def epoch_rows(weights: Sequence[float] | np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int [m, 2] rows (clip, repeat) of one epoch: a clip of weight 2.3 comes twice, and a third time in 30 %."""
    w = np.asarray(weights, np.float64)
    counts = np.floor(w).astype(int) + (rng.random(len(w)) < w % 1)
    clips = np.repeat(np.arange(len(w)), counts)
    repeats = np.concatenate([np.arange(c) for c in counts]) if len(clips) else np.empty(0, int)
    rows = np.stack([clips, repeats], axis=1)
    return rows[rng.permutation(len(rows))]
