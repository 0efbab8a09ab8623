"""A recording on its way to a board: numbered lines, each with a checksum, sent again from where one was lost."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class Recording:
    """A recording in numbered lines: as many on their way as the board has room for, again from where one is lost."""

    def __init__(self, samples: NDArray[np.int16], block: int, credit_bytes: int) -> None:
        self.data, self.samples, self.credit = samples.tobytes(), block, credit_bytes
        self.count = -(-len(samples) // block)
        self.next = self.acknowledged = self.silences = 0
        self.done = False

    def ready(self) -> Iterator[str]:
        """The lines that may be sent now."""
        room = max(1, self.credit // len(self._line(0)))
        while self.next < min(self.count, self.acknowledged + room):
            self.next += 1
            yield self._line(self.next - 1)

    def acknowledge(self, number: str) -> None:
        found = self._whole(number)
        if found is not None and found >= self.acknowledged:
            self.acknowledged, self.silences = found + 1, 0
            self.next = max(self.next, self.acknowledged)

    def again(self, number: str) -> None:
        found = self._whole(number)
        if found is not None and self.acknowledged <= found < self.next:
            self.acknowledged = self.next = found

    def rewind(self, block: int) -> None:
        """Nothing came for a while; the last block is sent again too when only the end was lost."""
        self.next = min(block, self.count - 1)
        self.acknowledged = min(self.acknowledged, self.next)
        self.silences += 1

    def finish(self) -> None:
        self.done = self.acknowledged >= self.count

    def _whole(self, number: str) -> int | None:
        """The block near those on their way that has these last sixteen bits."""
        if not re.fullmatch("[0-9a-f]{4}", number):
            return None
        away = (int(number, 16) - self.acknowledged) & 0xFFFF
        found = self.acknowledged + (away if away < 0x8000 else away - 0x10000)
        return found if 0 <= found < self.count else None

    def _line(self, block: int) -> str:
        data = self.data[2 * self.samples * block : 2 * self.samples * (block + 1)]
        name = struct.pack("<H", block & 0xFFFF)
        crc = binascii.crc_hqx(name + data, 0xFFFF)
        return f"a {block & 0xFFFF:04x} {crc:04x} {base64.b64encode(data).decode()}\n"
