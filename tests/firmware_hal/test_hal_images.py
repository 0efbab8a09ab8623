"""Every board without a vendor's framework: its sources compile and link, and what must lie somewhere lies there."""

from __future__ import annotations

import struct

import pytest
from hal_image import bare, constant, keyword, link, run, sections, symbols

from edge.board import Board

BOARDS = bare()
STM32 = [b for b in BOARDS if "stm32" in b.hal]


def named(board: Board) -> str:
    return board.id


def test_these_boards_are_there():
    assert {b.id for b in BOARDS} >= {"nucleo_f446re", "nucleo_l4r5zi", "disco_l475vg_iot01a", "pico", "pico2"}


@pytest.mark.parametrize("board", BOARDS, ids=named)
def test_vectors_begin_where_the_chip_looks_for_them(board, images):
    elf = link(board, images)
    run(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(elf), str(elf.with_suffix(".bin"))])
    content = elf.with_suffix(".bin").read_bytes()
    start = 0x100 if board.id == "pico" else 0
    stack, reset = struct.unpack_from("<II", content, start)
    found = symbols(elf)
    assert sections(elf)[".text"][1] == board.flash.origin
    assert stack == board.ram.origin + board.ram.bytes
    assert reset == found["hal_reset"] | 1
    assert found["hal_interrupts"] == board.flash.origin + start + 64
    header = "stm32/chip.h" if "stm32" in board.hal else "rp2040/chip.h"
    irq = constant(board, header, "UART_IRQ")
    assert struct.unpack_from("<I", content, start + 64 + 4 * irq)[0] == found["uart_interrupt"] | 1


@pytest.mark.parametrize("board", BOARDS, ids=named)
def test_the_keyword_firmware_fits(board, images):
    found = sections(keyword(board, images / f"{board.id}-keyword"))
    ram = sum(found[s][0] for s in (".data", ".bss", ".noinit"))
    assert sum(found[s][0] for s in (".text", ".rodata", ".data")) < min(96 * 1024, board.flash.bytes)
    assert ram + 2048 < min(40 * 1024, board.ram.bytes)


@pytest.mark.parametrize("board", STM32, ids=named)
def test_settings_lie_behind_the_program_s_flash(board):
    start, step = (constant(board, "stm32/chip.h", f"SETTINGS_{x}") for x in ("START", "STEP"))
    assert board.flash.origin + board.flash.bytes <= start
    assert start % step == 0
    total = {"nucleo_f446re": 512, "nucleo_l4r5zi": 2048, "disco_l475vg_iot01a": 1024}[board.id] * 1024
    assert start + 2 * step == board.flash.origin + total


@pytest.mark.parametrize("board", STM32, ids=named)
def test_the_core_s_clock_is_one_that_the_chip_reaches(board):
    most = {"nucleo_f446re": 180, "nucleo_l4r5zi": 120, "disco_l475vg_iot01a": 80}[board.id] * 1_000_000
    assert board.clock_hz == most
    for baud in (115_200, 921_600):
        clock = most // 4 if board.id == "nucleo_f446re" else most
        scale = 256 if board.id == "nucleo_l4r5zi" else 1
        divider = round(scale * clock / baud)
        assert abs(scale * clock / divider / baud - 1) < 0.01
        assert (0x300 if scale > 1 else 16) <= divider < (1 << 20 if scale > 1 else 1 << 16)


def test_a_board_without_a_known_chip_is_refused(tmp_path):
    board = STM32[0]
    with pytest.raises(AssertionError, match="no chip of the STM32 family"):
        link(board, tmp_path, "-USTM32F446xx", "-USTM32L475xx", "-USTM32L4R5xx")
