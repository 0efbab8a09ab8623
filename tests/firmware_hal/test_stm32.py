"""The STM32F4 part on QEMU's STM32F405: its UART, interrupts and start are real there; clocks and flash are not."""

from __future__ import annotations

import dataclasses
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hal_image import F405, keyword, link

from edge.board import open_board
from edge.link import Link
from edge.transport import Process

if shutil.which("qemu-system-arm") is None:
    pytest.skip("needs qemu-system-arm", allow_module_level=True)

MACHINE = ("-M", "netduinoplus2", "-display", "none", "-monitor", "none", "-serial", "stdio")
COUNTED = ("-icount", "shift=6,sleep=off", "-semihosting-config", "enable=on,target=native")


BOARD = dataclasses.replace(open_board("netduinoplus2"), hal=("cortexm", "stm32", "stm32/f4"), uart="stm32f4")


def command(elf: Path) -> list[str]:
    return ["qemu-system-arm", *MACHINE, *COUNTED, "-kernel", str(elf)]


class Program:
    def __init__(self, elf: Path) -> None:
        self.process = subprocess.Popen(command(elf), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.said = b""
        self.hello: list[str] = []

    def line(self, timeout_s: float = 20.0) -> list[str]:
        assert self.process.stdout is not None
        end = time.monotonic() + timeout_s
        while b"\n" not in self.said:
            ready = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))[0]
            more = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            assert more, f"nothing after {self.said!r}"
            self.said += more
        line, _, self.said = self.said.partition(b"\n")
        return line.decode().split()

    def ask(self, text: str) -> list[str]:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        return self.line()


@pytest.fixture
def program(images) -> Iterator[Program]:
    elf = images / f"{BOARD.id}.elf"
    it = Program(elf if elf.is_file() else link(BOARD, images, *F405))
    it.hello = it.line()
    assert it.hello[:4] == ["hello", "0", "0", "0"]
    yield it
    it.process.kill()
    it.process.wait()


def expected(text: str) -> str:
    total = 0
    for byte in text.encode():
        total = total * 31 + byte & 0xFFFFFFFF
    return str(total & 0xFFFFFF)


def test_it_starts_without_clocks_that_the_emulator_lacks(program):
    """No wait for a clock is without end: its first line comes after some thousand instructions."""
    assert int(program.hello[4]) < 100_000


def test_bytes_come_through_an_interrupt_none_is_lost(program):
    for length in (1, 100, 4000):
        text = "e" + "abcdefghij" * (length // 10 + 1)
        assert program.ask(text) == [str(len(text)), expected(text), "0", "sum"]


def test_a_reset_starts_anew(program):
    assert program.ask("r")[:4] == ["hello", "0", "0", "0"]
    assert program.ask("e")[0] == "1"


def test_a_fault_is_on_record_after_the_reset_that_it_makes(program):
    assert program.ask("f")[:4] == ["hello", "0", "1", "3"]
    assert program.ask("f")[:4] == ["hello", "0", "2", "3"]


def test_what_the_emulator_lacks_is_refused(program):
    assert program.ask("m") == ["none"]
    assert program.ask("s1") == ["0", "written"]
    assert program.ask("l1") == ["led"]


def test_the_counter_grows_over_its_24_bits(program):
    ticks = [int(program.ask("t")[0])]
    while ticks[-1] < 5 << 24:
        ticks.append(int(program.ask("t")[0]))
    steps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
    assert all(0 < s < 1 << 26 for s in steps)


def test_a_recording_comes_through_the_ring_as_fast_as_its_credit_allows(images):
    """What is on its way never exceeds the ring: no byte lost, no block sent again."""
    samples = np.random.default_rng(1).integers(-3000, 3000, 8000, dtype=np.int16)
    with Link(Process(command(keyword(BOARD, images / "stm32-keyword", *F405))), timeout_s=60) as board:
        assert int(board.info()["credit_bytes"]) == 1024
        assert list(board.play(samples)) == []
        stats = board.stats()
    assert (int(stats["bytes_lost"]), int(stats["blocks_damaged"])) == (0, 0)
    assert int(stats["steps"]) >= len(samples) // 640
