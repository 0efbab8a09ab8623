"""Firmware built for a board without PlatformIO: all of firmware/lib, one application, one generated library."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from converters.compile import compile_model, open_source
from converters.firmware_header import firmware_files
from converters.measure.emulator import FIXED, SYSTEMS, program
from converters.measure.image import FIRMWARE, regions
from converters.measure.toolchain import call, tool
from converters.target import target
from edge.board import Board, open_board
from edge.manifest import open_bundle

LIB = FIRMWARE / "lib"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
"""Flags of the host's programs."""


def generated(model: str, board: Board) -> dict[str, str]:
    """The library ``model`` of a bundle or a ``.tflite``."""
    source = open_source(model)
    bundle = None if model.endswith(".tflite") else open_bundle(model)
    return firmware_files(bundle, compile_model(source, target(board.target)), board, source.about)


def build(files: Mapping[str, str], board_id: str, app: str, folder: Path, *flags: str, compiler: str = "") -> Path:
    """The linked program."""
    board, core = open_board(board_id), target(open_board(board_id).target)
    for name, text in {**files, "regions.ld": regions(board) if board.flash.bytes else ""}.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    includes = [f"-I{p}" for p in (folder, *sorted(p for p in LIB.iterdir() if p.is_dir()))]
    libraries = [p for p in LIB.glob("*/*.c") if p.parent.name != "hal"]
    sources = [FIRMWARE / "apps" / app / "main.c", *libraries, LIB / "hal" / "absent.c", folder / "model.c"]
    sources += [LIB / "hal" / "native" / "hal.c"] if core.name == "host" else _bare(board)
    line = [
        compiler or core.compiler,
        *core.flags,
        *WARNINGS,
        "-O2",
        "-ffunction-sections",
        "-fdata-sections",
        *flags,
        *includes,
    ]
    line += ["-Wl,--gc-sections", *map(str, sources), "-o", str(folder / "firmware.elf")]
    call(line if core.name == "host" else [*line, *_linking(board, folder)], folder)
    return folder / "firmware.elf"


def _bare(board: Board) -> list[Path]:
    family = LIB / "hal" / ("rv32" if board.target == "rv32" else "cortexm")
    return [*sorted(family.glob("*.c")), LIB / "hal" / "uart" / f"{board.uart}.c"]


def _linking(board: Board, folder: Path) -> list[str]:
    own = ["-misa-spec=2.2", "--specs=picolibc.specs"] if board.target == "rv32" else ["--specs=nosys.specs"]
    own += [f"-DUART_BASE={board.uart_base:#x}u", "-nostartfiles", f"-T{LIB / 'hal' / 'image.ld'}", f"-L{folder}"]
    return [*own, "-Wl,--no-warn-rwx-segments", "-Wl,-Map=firmware.map"]


def command(elf: Path, board_id: str) -> list[str]:
    """What runs it, its UART on standard input and output."""
    board = open_board(board_id)
    if not board.emulated:
        return [str(elf)]
    bios = ["-bios", "none"] if board.qemu in SYSTEMS else []
    return [tool(program(board)), "-M", board.qemu, "-kernel", str(elf), *FIXED, *bios]


def can_run(board_id: str) -> bool:
    board = open_board(board_id)
    needed = [target(board.target).compiler, *([program(board)] if board.emulated else [])]
    return all(shutil.which(name) for name in needed)
