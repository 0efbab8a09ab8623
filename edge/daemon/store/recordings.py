"""Sound around detections: one Ogg Opus file each, bounded in size and age, written only when switched on."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np

from edge.source.source import RATE_HZ

SUFFIX = ".opus"
FREE_BYTES = 64 * 2**20
"""Events go on to the last byte of the disk; sound stops before."""
DAY_S = 86_400


class Recordings:
    """Files ``<record id>.opus`` in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for left in folder.glob(".*.part") if folder.is_dir() else ():
            left.unlink(missing_ok=True)  # of a crash while writing

    def path(self, record_id: str) -> Path:
        """Raises KeyError for what is no record's id: it may come from a browser."""
        if not record_id or not record_id.isalnum():
            raise KeyError(record_id)
        return self.folder / f"{record_id}{SUFFIX}"

    def has(self, record_id: str) -> bool:
        return self.path(record_id).is_file()

    def read(self, record_id: str) -> bytes | None:
        try:
            return self.path(record_id).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, record_id: str, pcm: bytes) -> None:
        """int16 little endian, 16 kHz; atomic. Raises OSError, also when the disk is nearly full."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        free = shutil.disk_usage(self.folder).free
        if free < FREE_BYTES:
            raise OSError(f"{free // 2**20} MB free, {FREE_BYTES // 2**20} are left to events")
        path = self.path(record_id)
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as f:
                f.write(opus(pcm))
                f.flush()
                os.fsync(f.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def bound(self, limit_bytes: int, days: int, labelled: Collection[str]) -> int:
        """Remove the oldest that nobody labelled until the rest fits; how many went.

        What a user labelled stays, whatever its age and size.
        """
        files = sorted(self.folder.glob(f"*{SUFFIX}")) if self.folder.is_dir() else []
        sizes = {f: f.stat() for f in files}
        total = sum(s.st_size for s in sizes.values())
        oldest = time.time() - days * DAY_S
        removed = 0
        for file, stat in sizes.items():
            if total <= limit_bytes and stat.st_mtime >= oldest:
                continue
            if file.stem not in labelled:
                file.unlink(missing_ok=True)
                total -= stat.st_size
                removed += 1
        return removed


def opus(pcm: bytes) -> bytes:
    """int16 little endian at 16 kHz -> an Ogg Opus file."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, np.frombuffer(pcm, "<i2"), RATE_HZ, format="OGG", subtype="OPUS")
    return out.getvalue()
