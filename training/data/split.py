"""Which clips are for training, for calibration and for the test: by a stable hash of who or what is heard.

Training and evaluation both ask here, so that no speaker or source recording of the test is ever trained on.
The hash has no seed: a clip's part never changes, whatever else the data gains.
"""

from __future__ import annotations

import hashlib

SHARES = {"train": 70, "calibration": 15, "test": 15}
"""Percent of the keys."""
BLOCK = 5


def part_of(key: str, salt: str = "") -> str:
    """train, calibration or test: always the same for that key (a speaker, source or block) and salt."""
    place = int.from_bytes(hashlib.sha256((salt + key).encode()).digest()[:8], "big") % 100
    for part, share in SHARES.items():
        if place < share:
            return part
        place -= share
    raise AssertionError("the shares sum to 100")


def block_key(index: int, block: int = BLOCK) -> str:
    """Key of a clip without a speaker, from its place in file order: neighbours are likely of one voice."""
    return str(index // block)
