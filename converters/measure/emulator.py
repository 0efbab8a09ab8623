"""QEMU: runs an image of a board to its end, 64 ns of virtual time for every instruction."""

from __future__ import annotations

import subprocess
from fractions import Fraction

from converters.error import ConvertError
from converters.measure.image import Image
from converters.measure.toolchain import tool
from edge.board import Board

SHIFT = 6
NS_PER_INSTRUCTION = 1 << SHIFT
SYSTEMS = {"virt": "qemu-system-riscv32"}


def program(board: Board) -> str:
    return SYSTEMS.get(board.qemu, "qemu-system-arm")


def instructions(board: Board, ticks: int, wraps: int = 0) -> Fraction:
    """From the counter's ticks: SysTick at the board's clock, or minstret, which counts nanoseconds here."""
    if program(board) == "qemu-system-riscv32":
        return Fraction(ticks, NS_PER_INSTRUCTION)
    # HAL_WRAP_INSTRUCTIONS: the interrupt that extends the counter is nobody's work.
    return Fraction(ticks * 10**9, board.clock_hz * NS_PER_INSTRUCTION) - 5 * wraps


def run(image: Image, board: Board, timeout_s: float = 300) -> str:
    """What the program said; raises ConvertError when it ends badly or not at all."""
    if not board.emulated:
        raise ConvertError(f"{board.id}: no emulator runs it (boards/{board.id}.ini has no custom_qemu)")
    line = [tool(program(board)), "-M", board.qemu, "-kernel", str(image.elf), *FIXED]
    if program(board) == "qemu-system-riscv32":
        line += ["-bios", "none"]
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, timeout=timeout_s, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ConvertError(f"{board.id}: the program did not end within {timeout_s:.0f} s") from None
    if done.returncode or not done.stdout.endswith("done\n"):
        said = (done.stderr.strip() or done.stdout[-200:].strip() or "nothing").splitlines()[-1]
        raise ConvertError(f"{board.id}: the program stopped with {done.returncode}; it said: {said[:200]}")
    return done.stdout


FIXED = (
    *("-display", "none", "-monitor", "none", "-serial", "stdio"),
    *("-icount", f"shift={SHIFT},sleep=off"),
    *("-semihosting-config", "enable=on,target=native"),
)
