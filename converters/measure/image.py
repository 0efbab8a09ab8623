"""A program for a board: sources, start-up code, drivers, linked where the board has memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.error import ConvertError
from converters.measure.toolchain import call
from converters.target import Target, target
from edge.board import Board

FIRMWARE = Path(__file__).parents[2] / "firmware"
OPTIMIZE = ("-O2", "-ffunction-sections", "-fdata-sections")
# The harness must call no library: what is linked of it is the model's.
OWN = ("-ffreestanding", "-fno-tree-loop-distribute-patterns", "-fno-builtin")
MODEL = ("-std=c99",)


@dataclass(frozen=True)
class Image:
    """A linked program and the linker's map of it."""

    elf: Path
    map: Path


def build(
    files: Mapping[str, str | bytes], board: Board, folder: Path, flags: Sequence[str] = (), app: str = "measure"
) -> Image:
    """Compile the files and ``firmware/apps/<app>.c`` into ``folder``; ``flags`` only meet the files."""
    core = target(board.target)
    folder.mkdir(parents=True, exist_ok=True)
    _write({**files, "regions.ld": regions(board)}, folder)
    mine = [n for n in files if n.endswith((".c", ".S"))]
    objects = [_compile(core, folder / n, folder, [*MODEL, *flags]) for n in mine]
    objects += [_compile(core, f, folder, _own(core, board)) for f in _harness(core, board, app)]
    return _link(core, objects, folder)


def regions(board: Board) -> str:
    """The board's memory for ``image.ld``; inputs go where there is more of it."""
    if not board.flash.bytes or not board.ram.bytes:
        raise ConvertError(f"{board.id}: no custom_flash and custom_ram; a program cannot be linked for it")
    regions = {"FLASH (rx)": board.flash, "RAM (rwx)": board.ram}
    lines = [f"    {n} : ORIGIN = {m.origin:#x}, LENGTH = {m.bytes:#x}" for n, m in regions.items()]
    larger = "RAM" if board.ram.bytes > board.flash.bytes else "FLASH"
    return "\n".join(["MEMORY {", *lines, "}", f'REGION_ALIAS("INPUTS", {larger})', ""])


def _family(core: Target) -> str:
    return "rv32" if core.name == "rv32" else "cortexm"


def _specs(core: Target) -> str:
    return "--specs=picolibc.specs" if _family(core) == "rv32" else "--specs=nosys.specs"


def _harness(core: Target, board: Board, app: str) -> list[Path]:
    hal = FIRMWARE / "lib" / "hal"
    return [FIRMWARE / "apps" / f"{app}.c", hal / _family(core) / "start.c", hal / "uart" / f"{board.uart}.c"]


def _own(core: Target, board: Board) -> list[str]:
    # Reading minstret is an extension of its own since 2019; the libraries are older.
    csr = ["-march=rv32imac_zicsr"] if _family(core) == "rv32" else []
    return [*OWN, *csr, f"-DUART_BASE={board.uart_base:#x}u"]


def _write(files: Mapping[str, str | bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _compile(core: Target, source: Path, folder: Path, flags: Sequence[str]) -> str:
    name = f"{source.parent.name}-{source.stem}.o" if source.parent != folder else f"{source.stem}.o"
    includes = [f"-I{FIRMWARE / 'lib' / 'hal'}", f"-I{FIRMWARE / 'apps'}", f"-I{folder}"]
    call(
        [core.compiler, *core.flags, _specs(core), *OPTIMIZE, *flags, *includes, "-c", str(source), "-o", name], folder
    )
    return name


def _link(core: Target, objects: Sequence[str], folder: Path) -> Image:
    image = Image(folder / "image.elf", folder / "image.map")
    script = FIRMWARE / "lib" / "hal" / "image.ld"
    line = [core.compiler, *core.flags, "-O2", _specs(core), "-nostartfiles", f"-T{script}", f"-L{folder}"]
    line += ["-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", f"-Wl,-Map={image.map}", *objects]
    call([*line, "-o", str(image.elf)], folder)
    return image
