"""What a model takes of flash and RAM, read from the map that the linker wrote of the image."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_HEAD = "Linker script and memory map"
# One input section: its name, address, size and file; a long name stands on a line of its own.
_SECTION = re.compile(r"^ (\.[\w.$]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Sizes:
    """Bytes of the model alone: its objects, and what it takes from the compiler's libraries (memcpy, division)."""

    code: int
    constants: int
    """Weights, parameters and tables, initial values of variables."""
    static: int
    """Variables: states and pointers, not the arena."""
    library_code: int
    """The part of ``code`` that is not generated."""


def sizes(map_file: Path, objects: Collection[str]) -> Sizes:
    """``objects``: the model's own; the harness calls no library, so every library member is the model's."""
    text = map_file.read_text("utf-8").partition(_HEAD)[2]
    totals = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    library = 0
    for name, size, file in _SECTION.findall(text):
        kind = name.split(".")[1].removeprefix("s")
        in_library = ".a(" in file
        if kind not in totals or not (in_library or Path(file).name in objects):
            continue
        totals[kind] += int(size, 16)
        library += int(size, 16) if in_library and kind == "text" else 0
    return Sizes(totals["text"], totals["rodata"] + totals["data"], totals["bss"] + totals["data"], library)
