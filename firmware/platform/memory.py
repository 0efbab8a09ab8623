"""A board's memory, as boards/<id>.ini writes it, for the linker."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


def region(text: str) -> tuple[int, int] | None:
    """``0x20000000 128K`` -> origin and bytes; None for nothing. Raises ValueError."""
    if not text:
        return None
    found = re.fullmatch(r"(0x[0-9a-fA-F]+) (\d+)([KM]?)", text)
    if found is None:
        raise ValueError(f"{text!r} is no memory; write it as '0x20000000 128K'")
    return int(found[1], 16), int(found[2]) * UNITS[found[3]]


def regions(flash: tuple[int, int], ram: tuple[int, int]) -> str:
    """The file that ``lib/hal/image.ld`` includes; inputs of measurements go where there is more room."""
    lines = [
        f"    {name} : ORIGIN = {origin:#x}, LENGTH = {size:#x}"
        for name, (origin, size) in {"FLASH (rx)": flash, "RAM (rwx)": ram}.items()
    ]
    larger = "RAM" if ram[1] > flash[1] else "FLASH"
    return "\n".join(["MEMORY {", *lines, "}", f'REGION_ALIAS("INPUTS", {larger})', ""])


def link(env, hal: Path, families: Iterable[str], flash: tuple[int, int], ram: tuple[int, int]) -> list[str]:
    """Links with our script, or the last family's own; the linker's further flags."""
    board = env.BoardConfig()
    board.update("upload.maximum_size", flash[1])
    board.update("upload.maximum_ram_size", ram[1])
    folder = Path(env.subst("$BUILD_DIR"))
    folder.mkdir(parents=True, exist_ok=True)
    text, path = regions(flash, ram), folder / "regions.ld"
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
    own = [hal / family / "image.ld" for family in reversed(list(families))]
    env.Replace(LDSCRIPT_PATH=str(next((s for s in own if s.is_file()), hal / "image.ld")))
    return ["-nostartfiles", f"-L{folder}", f"-L{hal}", "-Wl,--no-warn-rwx-segments", "-Wl,--require-defined=hal_reset"]
