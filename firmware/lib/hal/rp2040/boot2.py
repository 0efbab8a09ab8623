"""Writes boot2.c: the second stage of the RP2040's start (boot2.s) as 256 bytes with the checksum its ROM asks for.

python boot2.py [FILE]
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CODE_BYTES = 252
HEAD = """\
/* Written by boot2.py from boot2.s; the last word is the checksum of the others. */
#include <stdint.h>

#if defined(__ARM_ARCH_6M__) /* the RP2350 has no second stage */
extern const uint32_t hal_boot2[];
__attribute__((section(".boot2"), used)) const uint32_t hal_boot2[64] = {
"""


def assemble(source: Path = HERE / "boot2.s", prefix: str = "arm-none-eabi-") -> bytes:
    """The code's bytes. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        made, plain = Path(folder) / "boot2.o", Path(folder) / "boot2.bin"
        subprocess.run([f"{prefix}as", str(source), "-o", str(made)], check=True)
        subprocess.run([f"{prefix}objcopy", "-O", "binary", "-j", ".text", str(made), str(plain)], check=True)
        return plain.read_bytes()


def crc32(data: bytes) -> int:
    """MSB first, polynomial 0x04C11DB7, from all ones (RP2040 datasheet, "Second stage": checksum)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


def page(code: bytes) -> bytes:
    """256 bytes. Raises ValueError for code that is too long."""
    if len(code) > CODE_BYTES:
        raise ValueError(f"boot2.s is {len(code)} bytes; {CODE_BYTES} fit")
    padded = code.ljust(CODE_BYTES, b"\0")
    return padded + struct.pack("<I", crc32(padded))


def text(content: bytes) -> str:
    """The C file."""
    words = [f"0x{w:08X}," for w in struct.unpack("<64I", content)]
    rows = ["    " + " ".join(words[i : i + 8]) for i in range(0, 64, 8)]
    return HEAD + "\n".join(rows) + "\n};\n#endif\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "boot2.c").write_text(text(page(assemble())), "utf-8")
