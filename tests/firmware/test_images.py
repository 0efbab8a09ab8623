"""ELF segments and UF2 files of them."""

from __future__ import annotations

import struct

import pytest


def elf(segments: list[tuple[int, bytes]]) -> bytes:
    """A 32-bit file with these segments and an empty one."""
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + struct.pack("<HHIIIIIHHH", 2, 40, 1, 0, 52, 0, 0, 52, 32, 0)
    count, offset = len(segments) + 1, 52 + 32 * (len(segments) + 1)
    head = head[:44] + struct.pack("<HHHH", count, 0, 0, 0)
    table, body = b"", b""
    for address, content in [*segments, (0x20000000, b"")]:
        at = offset + len(body)
        table += struct.pack("<8I", 1, at, 0, address, len(content), len(content) + 100, 5, 4)
        body += content
    return head + table + body


def test_segments_with_content_are_found_where_they_are_stored(firmware_file):
    module = firmware_file("platform/elf.py")
    segments = [(0x10000100, b"program"), (0x10000200, bytes(range(100)))]
    assert list(module.Elf(elf(segments)).segments()) == segments
    with pytest.raises(ValueError, match="no 32-bit little-endian ELF"):
        module.Elf(b"\x7fELF\x02\x01" + bytes(100))


def test_a_uf2_file_has_the_program_s_pages(firmware_file):
    uf2, module = firmware_file("platform/uf2.py"), firmware_file("platform/elf.py")
    content = bytes(range(256)) * 2
    made = uf2.uf2(module.Elf(elf([(0x10000080, content)])), 0xE48BFF56)
    assert len(made) == 3 * 512
    memory = bytearray(3 * 256)
    for i in range(3):
        block = made[512 * i : 512 * (i + 1)]
        first, second, flags, address, size, number, count, family = struct.unpack_from("<8I", block)
        assert (first, second, flags, size, number, count) == (0x0A324655, 0x9E5D5157, 0x2000, 256, i, 3)
        assert family == 0xE48BFF56
        assert block[-4:] == struct.pack("<I", 0x0AB16F30)
        memory[address - 0x10000000 : address - 0x10000000 + 256] = block[32:288]
    assert memory[0x80 : 0x80 + 512] == content


def test_a_uf2_file_goes_to_the_one_drive(firmware_file, tmp_path, capsys):
    uf2 = firmware_file("platform/uf2.py")
    (tmp_path / "firmware.elf").write_bytes(elf([(0x10000000, b"x" * 256)]))
    drive = tmp_path / "RPI-RP2"
    drive.mkdir()
    assert uf2.install(tmp_path / "firmware.elf", str(drive), "RPI-RP2", 1) == 0
    assert (drive / "nuthatch.uf2").stat().st_size == 512
    (drive / "INFO_UF2.TXT").touch()
    uf2.MEDIA = (str(tmp_path),)
    assert uf2.install(tmp_path / "firmware.elf", "", "RPI-RP2", 1) == 0
    uf2.MEDIA = (str(tmp_path / "none"),)
    assert uf2.install(tmp_path / "firmware.elf", "", "RPI-RP2", 1) == 4
    assert "no drive RPI-RP2; hold BOOTSEL" in capsys.readouterr().err
