"""FlatBuffers read from bytes that nobody vouches for: each offset is checked before it is followed.

The generated classes of a schema trust the file. These do not: whatever a file claims, reading it ends within
its length and within a budget, because vectors may be shared and a small file can claim the same one many times.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from converters.error import ConvertError

MAX_BYTES_READ = 1 << 26
"""Of vectors and texts, counted each time that one is read."""
REMEDY = "take the file again from its source"


def damaged(what: str) -> ConvertError:
    return ConvertError(f"damaged: {what}; {REMEDY}")


@dataclass
class Content:
    """The bytes, and how many more may be read."""

    data: bytes
    budget: int = field(default=MAX_BYTES_READ)

    def number(self, at: int, kind: str) -> int | float:
        """A little-endian number; ``kind`` as in ``struct``."""
        size = struct.calcsize(kind)
        if not 0 <= at <= len(self.data) - size:
            raise damaged(f"it points to byte {at:,} of {len(self.data):,}")
        value: int | float = struct.unpack_from("<" + kind, self.data, at)[0]
        return value

    def whole(self, at: int, kind: str) -> int:
        return int(self.number(at, kind))

    def vector(self, at: int, item_bytes: int) -> tuple[int, int]:
        """(first byte, items) of the vector at ``at``, all of it within the file."""
        count, start = self.whole(at, "I"), at + 4
        if count * item_bytes > len(self.data) - start:
            raise damaged(f"it claims {count:,} items at byte {at:,} of {len(self.data):,}")
        return start, count

    def charge(self, count: int) -> None:
        self.budget -= count
        if self.budget < 0:
            raise damaged(f"it claims the same bytes over and over, more than {MAX_BYTES_READ:,} in all")

    def root(self) -> Table:
        return Table(self, self.whole(0, "I"))


class Table:
    """One table; fields are asked for by their number in the schema, from 0."""

    def __init__(self, content: Content, at: int):
        self.content, self.at = content, at
        self.vtable = at - content.whole(at, "i")
        self.vtable_bytes = content.whole(self.vtable, "H")
        self.bytes = content.whole(self.vtable + 2, "H")
        if self.vtable_bytes < 4 or self.vtable + self.vtable_bytes > len(content.data):
            raise damaged(f"a table of {self.vtable_bytes} bytes of fields at byte {self.vtable:,}")
        if self.bytes < 4 or at + self.bytes > len(content.data):
            raise damaged(f"a table of {self.bytes} bytes at byte {at:,}")

    def _field(self, slot: int) -> int:
        """Position of a field; 0 when the table lacks it."""
        if 4 + 2 * slot + 2 > self.vtable_bytes:
            return 0
        offset = self.content.whole(self.vtable + 4 + 2 * slot, "H")
        if offset >= self.bytes or 0 < offset < 4:
            raise damaged(f"field {slot} of the table at byte {self.at:,} lies outside it")
        return self.at + offset if offset else 0

    def _target(self, slot: int) -> int:
        at = self._field(slot)
        return at + self.content.whole(at, "I") if at else 0

    def whole(self, slot: int, kind: str, default: int = 0) -> int:
        at = self._field(slot)
        return self.content.whole(at, kind) if at else default

    def table(self, slot: int) -> Table | None:
        at = self._target(slot)
        return Table(self.content, at) if at else None

    def tables(self, slot: int, most: int, what: str) -> Iterator[Table]:
        """A vector of tables; raises when it has more than ``most``."""
        at = self._target(slot)
        start, count = self.content.vector(at, 4) if at else (0, 0)
        if count > most:
            raise damaged(f"it claims {count:,} {what}, more than {most:,}")
        for entry in range(start, start + 4 * count, 4):
            yield Table(self.content, entry + self.content.whole(entry, "I"))

    def numbers(self, slot: int, dtype: str) -> np.ndarray | None:
        """A vector of numbers, not copied; None when the table lacks it."""
        at = self._target(slot)
        if not at:
            return None
        kind = np.dtype(dtype).newbyteorder("<")
        start, count = self.content.vector(at, kind.itemsize)
        return np.frombuffer(self.content.data, kind, count, start)

    def listed(self, slot: int, dtype: str) -> list[int]:
        """The same as a list, empty when the table lacks it; this costs budget."""
        values = self.numbers(slot, dtype)
        if values is None:
            return []
        self.content.charge(8 * len(values))
        found: list[int] = values.tolist()
        return found

    def text(self, slot: int) -> str | None:
        """Printable: what is not becomes '?', so that names are fit for messages."""
        at = self._target(slot)
        if not at:
            return None
        start, count = self.content.vector(at, 1)
        self.content.charge(count)
        found = self.content.data[start : start + count].decode("utf-8", "replace")
        return "".join(c if c.isprintable() else "?" for c in found)
