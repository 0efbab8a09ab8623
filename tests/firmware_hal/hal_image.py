"""A program linked for a board as its file says, with the strictest warnings, without PlatformIO."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from converters.compile import compile_model, open_source
from converters.firmware_header import firmware_files
from converters.measure.image import regions
from converters.target import target
from edge.board import FOLDER, Board, known, open_board
from edge.manifest import open_bundle

ROOT = Path(__file__).parents[2]
LIB = ROOT / "firmware" / "lib"
HAL = LIB / "hal"
PROGRAM = Path(__file__).parent / "program.c"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
F405 = ("-DSTM32F405xx", "-DHAL_TX=A,9,7", "-DHAL_RX=B,7,7", "-DHAL_LED=A,10")


def bare(folder: Path = FOLDER) -> list[Board]:
    """Boards whose chip is driven by this project's own registers."""
    boards = [open_board(name, folder) for name in known(folder)]
    return [b for b in boards if any(family.startswith(("stm32", "rp2040")) for family in b.hal)]


def flags(board: Board) -> list[str]:
    """Of the core and of the board's file."""
    cores = json.loads((ROOT / "firmware" / "platform" / "cores.json").read_text("utf-8"))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(FOLDER / f"{board.id}.ini", "utf-8")
    own = shlex.split(parser.get(f"env:{board.id}", "build_flags", fallback="").replace("-D ", "-D"))
    values = [f"-DUART_BASE={board.uart_base:#x}u", f"-DHAL_CLOCK_HZ={board.clock_hz}u"]
    return [*cores[board.target]["flags"], *own, *values, f"-I{HAL}"]


def sources(board: Board) -> list[Path]:
    """As firmware/lib/hal/select.py chooses them."""
    families = [p for family in board.hal for p in sorted((HAL / family).glob("*.c"))]
    return [*sorted(HAL.glob("*.c")), *families, HAL / "uart" / f"{board.uart}.c"]


def link(board: Board, folder: Path, *options: str, program: Iterable[Path] = (PROGRAM,)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "regions.ld").write_text(regions(board))
    elf = folder / f"{board.id}.elf"
    line = ["arm-none-eabi-gcc", "-std=c99", "-O2", *WARNINGS, *flags(board), *options, "-ffunction-sections"]
    line += ["-fdata-sections", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", "--specs=nosys.specs"]
    line += ["-nostartfiles", f"-L{folder}", f"-T{HAL / 'image.ld'}", *map(str, program), *map(str, sources(board))]
    run([*line, "-o", str(elf)])
    return elf


def keyword(board: Board, folder: Path, *options: str, model: str = "wake_computer") -> Path:
    """The application that hears, with its model."""
    folder.mkdir(parents=True)
    source = open_source(model)
    plan = compile_model(source, target(board.target))
    for name, text in firmware_files(open_bundle(model), plan, board, source.about).items():
        (folder / name).write_text(text)
    libraries = [p for p in LIB.glob("*/*.c") if p.parent != HAL]
    includes = [f"-I{p}" for p in (folder, *sorted(p for p in LIB.iterdir() if p.is_dir()))]
    program = [ROOT / "firmware" / "apps" / "keyword" / "main.c", *libraries, folder / "model.c"]
    return link(board, folder, *includes, *options, program=program)


def run(line: Sequence[str]) -> str:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def symbols(elf: Path) -> dict[str, int]:
    return {name: int(at, 16) for at, _, name in map(str.split, run(["arm-none-eabi-nm", str(elf)]).splitlines())}


def sections(elf: Path) -> dict[str, tuple[int, int]]:
    """Name -> (bytes, address)."""
    rows = re.findall(r"^(\.\S+)\s+(\d+)\s+(\d+)", run(["arm-none-eabi-size", "-A", str(elf)]), re.MULTILINE)
    return {name: (int(size), int(at)) for name, size, at in rows}


def constant(board: Board, header: str, expression: str) -> int:
    """What the compiler makes of an expression of the hal's headers."""
    text = f'#include "{header}"\nuint32_t it = {expression};\n'
    line = ["arm-none-eabi-gcc", *flags(board), "-x", "c", "-", "-S", "-o", "-"]
    done = subprocess.run(line, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r"^it:\s+\.word\s+(-?\d+)", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return int(found[1]) & 0xFFFFFFFF
