"""UF2, the file that an RP2040 in its boot loader takes on its USB drive (github.com/microsoft/uf2)."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from elf import Elf

PAGE = 256
MEDIA = ("/media", "/run/media", "/Volumes", "/mnt")


def uf2(elf: Elf, family: int) -> bytes:
    """Blocks of one page each; pages that the program leaves out are not written."""
    pages: dict[int, bytearray] = {}
    for address, content in elf.segments():
        for i, byte in enumerate(content, address):
            pages.setdefault(i & -PAGE, bytearray(PAGE))[i % PAGE] = byte
    blocks = sorted(pages.items())
    return b"".join(_block(i, len(blocks), at, bytes(page), family) for i, (at, page) in enumerate(blocks))


def _block(number: int, count: int, address: int, page: bytes, family: int) -> bytes:
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, PAGE, number, count, family)
    return head + page.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def install(elf: Path, drive: str, label: str, family: int) -> int:
    """Copies the program to the one drive of a board in its boot loader, or to the given one."""
    content = uf2(Elf(elf.read_bytes()), family)
    elf.with_suffix(".uf2").write_bytes(content)
    found = [Path(drive)] if drive else drives(label)
    if len(found) != 1:
        what = f"{len(found)} drives {label}: {', '.join(map(str, found))}" if found else f"no drive {label}"
        remedy = "hold BOOTSEL while plugging one board in, or name its drive: --upload-port FOLDER"
        print(f"{what}; {remedy}", file=sys.stderr)
        return 4
    (found[0] / "nuthatch.uf2").write_bytes(content)
    print(f"{len(content):,} bytes to {found[0]}")
    return 0


def drives(label: str) -> list[Path]:
    """Mounted drives of boards that wait for a program."""
    folders = [p for m in MEDIA for p in (Path(m), *Path(m).glob("*")) if p.is_dir()]
    return sorted({p / label for p in folders if (p / label / "INFO_UF2.TXT").is_file()})
