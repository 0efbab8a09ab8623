"""Of an ELF file (32-bit, little-endian) what loaders need: its segments, where they are stored."""

from __future__ import annotations

import struct
from collections.abc import Iterator

LOAD = 1


class Elf:
    """Raises ValueError for a file that is none."""

    def __init__(self, content: bytes) -> None:
        if content[:6] != b"\x7fELF\x01\x01" or len(content) < 52:
            raise ValueError("no 32-bit little-endian ELF file")
        self.content = content

    def segments(self) -> Iterator[tuple[int, bytes]]:
        """(physical address, content) of each that has content."""
        first, size, count = *struct.unpack_from("<I", self.content, 28), *struct.unpack_from("<HH", self.content, 42)
        for i in range(count):
            kind, offset, _, address, stored = struct.unpack_from("<IIIII", self.content, first + i * size)
            if kind == LOAD and stored:
                yield address, self.content[offset : offset + stored]
