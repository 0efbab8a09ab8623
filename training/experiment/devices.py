"""Which device recorded which clip: one common device, a few seen in training, others only in the test."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.augment.device_response import REFERENCE, Device, make_device
from training.data.audio import DataError, audio_files, to_int16
from training.data.draws import Draws

SEEN, UNSEEN = 3, 10
MOST_EQ_DB = 60.0
COMMON_SHARE = 0.76
"""Share of the training clips from the common device; the seen ones have equal parts of the rest."""


@dataclass(frozen=True)
class Devices:
    """Drawn once for all seeds and arms."""

    seen: list[Device]
    unseen: list[Device]
    others: list[Path]
    """Responses for augmentation: no device of the test is among them."""

    def train(self, clips: int, seed: int) -> list[Device]:
        """The device of each training clip."""
        rng = np.random.default_rng((seed, 77))
        rest = (1 - COMMON_SHARE) / len(self.seen)
        shares = [COMMON_SHARE, *[rest] * len(self.seen)]
        return [(REFERENCE, *self.seen)[i] for i in rng.choice(len(shares), clips, p=shares)]

    @property
    def names(self) -> list[str]:
        """Of all of them, those for augmentation last."""
        return [*(d.name for d in (*self.seen, *self.unseen)), *(p.stem for p in self.others)]

    @property
    def groups(self) -> dict[str, list[Device]]:
        """What the test asks: each clip is heard through every device of each group."""
        return {"common": [REFERENCE], "seen": self.seen, "unseen": self.unseen}


def draw_devices(folder: Path, eq_db: float, seen: int = SEEN, unseen: int = UNSEEN) -> Devices:
    """From a folder of impulse responses; raises DataError where there are too few, or for such an equalizer."""
    if not 0 <= eq_db <= MOST_EQ_DB:
        raise DataError(f"equalizers within {eq_db:g} dB; give --eq-db 0 to {MOST_EQ_DB:g}")
    files = audio_files(folder)
    if len(files) < seen + unseen + 1:
        raise DataError(f"{folder}: {len(files)} impulse responses; {seen + unseen + 1} or more are needed")
    order = [files[i] for i in np.random.default_rng(2021).permutation(len(files))]
    made = [make_device(f, eq_db) for f in order[: seen + unseen]]
    return Devices(made[:seen], made[seen:], sorted(order[seen + unseen :]))


@dataclass
class DeviceDraws(Draws):
    """Draws of clips that a device recorded: after everything that happens in the room and before the front end."""

    devices: list[Device] | None = None

    @property
    def key(self) -> str:
        """Also of the filters: devices of other strength have the same names."""
        filters = b"-".join(d.name.encode() + d.response.tobytes() for d in self.devices or [])
        return super().key + (f"-{hashlib.sha256(filters).hexdigest()[:8]}" if filters else "")

    def sound(self, i: int, k: int | None) -> np.ndarray:
        x = super().sound(i, k)
        if self.devices is None or not len(self.devices[i].response):
            return x
        return to_int16(self.devices[i].hear(x.astype(np.float32) / 32768))
