"""What `--board` names: an emulated board of this machine, or a real one at a port."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec

from converters.measure.toolchain import PACKAGES
from converters.target import target
from edge.board import Board, known, open_board

LEAST_RAM = 20 * 1024
MODELS = ("wake_computer", "commands12")
SMALL = ("wake_computer_small",)
"""For boards with less RAM than that."""


@dataclass(frozen=True)
class Subject:
    board: Board
    port: str = ""
    """Of a board that stands on a desk with our firmware on it."""

    @property
    def models(self) -> tuple[str, ...]:
        """What it is tested with; a board at a port has its model, whichever it is."""
        if self.port:
            return ("its own",)
        return SMALL if 0 < self.board.ram.bytes < LEAST_RAM else MODELS

    def missing(self) -> str:
        """Why it cannot be built or run here; '' when it can."""
        if self.port:
            return ""
        programs = [target(self.board.target).compiler, program(self.board)]
        lacking = [f"{p} (apt-get install {PACKAGES.get(p, p)})" for p in programs if p and not shutil.which(p)]
        modules = ["platformio", "SCons", *([self.board.emulator] if self.board.emulator else [])]
        lacking += [f"{m} (make firmware-setup)" for m in modules if not find_spec(m)]
        return f"not installed: {', '.join(lacking)}" if lacking else ""


def program(board: Board) -> str:
    """The emulator's; '' where it is none of the system's."""
    if not board.qemu:
        return ""
    return "qemu-system-riscv32" if board.qemu == "virt" else "qemu-system-arm"


def parse(text: str) -> Subject:
    """``id`` or ``id@port``; raises BoardError, or ValueError for a board that nothing emulates."""
    name, _, port = text.partition("@")
    board = open_board(name)
    if not port and not board.simulated:
        raise ValueError(f"{name} is no emulated board; say where it is: {name}@/dev/ttyACM0")
    return Subject(board, port)


def emulated() -> list[Subject]:
    """All boards that run on this machine, native first: it is the quickest to fail."""
    boards = [b for b in map(open_board, known()) if b.simulated]
    return [Subject(b) for b in sorted(boards, key=lambda b: (b.target != "host", b.id))]
