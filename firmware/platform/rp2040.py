"""Runs an RP2040 program in rp2040py, UART0 on standard input and output, until it says so (semihosting) or is stopped.

python rp2040.py FIRMWARE.elf
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from collections import deque
from pathlib import Path
from typing import Any

from elf import Elf

try:
    from rp2040py import Simulator
    from rp2040py.device.bootrom import BOOTROM_B1
    from rp2040py.utils.logging import ConsoleLogger, LogLevel
except ImportError:
    sys.exit(f"rp2040py is not installed in {sys.executable}; run: {sys.executable} -m pip install rp2040py")

FLASH, SRAM = 0x10000000, 0x20000000
VECTORS = (0x10000100, 0x10000000, 0x20000000)
"""Where a program's vector table may be: behind the second-stage loader, or where there is none."""
ROOM = 1 << 12
SYS_EXIT, SYS_EXIT_EXTENDED = 0x18, 0x20


class Uart:
    """Keeps the receiver's 32 bytes filled: the emulator asks for them in batches of many instructions."""

    def __init__(self, peripheral: Any) -> None:
        self.peripheral, self.read, self.waiting = peripheral, peripheral.read_uint32, deque[int]()
        peripheral.read_uint32 = self._read
        peripheral.on_byte = self._say
        self.said = bytearray()

    def _read(self, offset: int) -> int:
        while self.waiting and not self.peripheral.rx_fifo.full:
            self.peripheral.feed_byte(self.waiting.popleft())
        return self.read(offset)

    def _say(self, byte: int) -> None:
        self.said.append(byte)
        if byte == 10 or len(self.said) >= 64:
            self.flush()

    def flush(self) -> None:
        view = memoryview(bytes(self.said))
        while view:
            view = view[os.write(1, view) :]
        self.said.clear()


def load(simulator: Any, elf: Elf) -> None:
    """Segments to where they are stored, the core to the reset vector. Exits where there is none."""
    chip = simulator.rp2040
    chip.logger = ConsoleLogger(LogLevel.ERROR)
    chip.load_bootrom(BOOTROM_B1)  # settings are written by its functions
    for address, content in elf.segments():
        memory, base = (chip.sram, SRAM) if address >= SRAM else (chip.flash, FLASH)
        memory[address - base : address - base + len(content)] = content
    for at in VECTORS:
        memory, base = (chip.sram, SRAM) if at >= SRAM else (chip.flash, FLASH)
        stack, reset = struct.unpack("<II", bytes(memory[at - base : at - base + 8]))
        if SRAM < stack <= SRAM + 264 * 1024 and reset & 1:
            core = chip.core
            core.vtor, core.sp, core.pc = at, stack, reset & ~1
            return
    sys.exit("the program has no vector table at 0x10000100, 0x10000000 or 0x20000000")


async def run(elf: Elf) -> int:
    """The program's exit code."""
    simulator = Simulator()
    simulator.bind_loop()
    code = 0
    uart = Uart(simulator.rp2040.uart[0])

    def stopped(number: int) -> None:
        nonlocal code
        registers = simulator.rp2040.core.registers
        if number == 0xAB and registers[0] == SYS_EXIT_EXTENDED:
            code = simulator.rp2040.read_uint32(registers[1] + 4)
        simulator.stop()

    simulator.rp2040.on_break = stopped
    load(simulator, elf)
    hearing = asyncio.create_task(_hear(uart))
    flushing = asyncio.create_task(_flush(uart))
    await simulator.execute()
    hearing.cancel()
    flushing.cancel()
    uart.flush()
    return code


async def _hear(uart: Uart) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while heard := await reader.read(ROOM):
        uart.waiting.extend(heard)
        while len(uart.waiting) >= ROOM:
            await asyncio.sleep(0.001)


async def _flush(uart: Uart) -> None:
    """A prompt without end of line is seen too."""
    while True:
        await asyncio.sleep(0.02)
        uart.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(Elf(Path(sys.argv[1]).read_bytes()))))
