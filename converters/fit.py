"""Whether a program fits a board: bytes known before building, bytes that the linker counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from converters.budget import needed
from converters.emit.c import const_bytes
from converters.error import ConvertError
from converters.plan import Plan, nbytes
from edge.board import Board
from edge.frontend.tables import tables
from edge.manifest import Bundle

STACK_BYTES = 1024
"""What is left for the stack at least."""
PROGRAM_RAM_BYTES = 512
PROGRAM_FLASH_BYTES = 8 * 1024
"""Of the smallest program around a model, without its front end; the exact figures come from the linker."""


class FitError(ConvertError):
    """The program is larger than the board's memory."""


@dataclass(frozen=True)
class Bytes:
    """Of a program: what it takes of flash and of RAM."""

    flash: int
    ram: int

    def __add__(self, other: Bytes) -> Bytes:
        return Bytes(self.flash + other.flash, self.ram + other.ram)


def at_least(plan: Plan, bundle: Bundle | None = None) -> Bytes:
    """The model's and the front end's exact bytes, what the link holds, and the least that stands around them."""
    program = Bytes(PROGRAM_FLASH_BYTES, PROGRAM_RAM_BYTES + STACK_BYTES + link_bytes(plan))
    return Bytes(const_bytes(plan), needed(plan)) + frontend(bundle, plan.arena_bytes) + program


def link_bytes(plan: Plan) -> int:
    """Inputs that were loaded and outputs of the last inference (nh_infer.c): a frame and its mask."""
    return sum(nbytes(plan.graph[n]) for n in (*plan.graph.inputs, *plan.graph.outputs))


def frontend(bundle: Bundle | None, arena_bytes: int) -> Bytes:
    """Tables and state of the bundle's front end (nh_frontend.h); its scratch may be the model's arena."""
    if bundle is None or bundle.manifest.picture:
        return Bytes(0, 0)
    config = bundle.manifest.frontend
    history = 2 * (config.window_samples + config.window_samples % 2)
    scratch = max(0, 4 * config.fft_size - arena_bytes)
    return Bytes(sum(t.nbytes for t in vars(tables(config)).values()), 16 + history + scratch)


def check(name: str, board: Board, bytes_: Bytes, at_least: bool, remedy: Callable[[], str]) -> None:
    """Raises FitError, with what is too much; a board without given memory takes all."""
    for kind, taken, memory in (("RAM", bytes_.ram, board.ram), ("flash", bytes_.flash, board.flash)):
        if memory.bytes and taken > memory.bytes:
            least = "at least " if at_least else ""
            raise FitError(f"{name} needs {least}{taken:,} B of {kind}; {board.id} has {memory.bytes:,} B. {remedy()}")


def linked(said: str, board: Board) -> Bytes | None:
    """From what PlatformIO and the linker said; None where they counted nothing."""
    counted = {kind: int(used) for kind, used in re.findall(r"(RAM|Flash):.*\(used (\d+) bytes from", said)}
    over = _overflow(said, board)
    if not counted and not over:
        return None
    return Bytes(over.get("flash", counted.get("Flash", 0)), over.get("ram", counted.get("RAM", 0) + STACK_BYTES))


def _overflow(said: str, board: Board) -> Mapping[str, int]:
    """Where the linker stopped: the region's size and what would not go in."""
    sizes = {"flash": board.flash.bytes, "ram": board.ram.bytes}
    found = {}
    for region, more in re.findall(r"region `(\w+)' overflowed by (\d+) bytes", said):
        kind = "ram" if "ram" in region.lower() else "flash"
        found[kind] = sizes[kind] + int(more) + (STACK_BYTES if kind == "ram" else 0)
    return found
