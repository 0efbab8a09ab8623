"""Firmware as `nuthatch build` and PlatformIO make it, in a project of the suite's own below build/hil."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from converters import build
from converters.error import ConvertError
from edge.board import Board

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "hil"
LINKED = ("apps", "lib", "platform", "prepare.py")


def firmware_file(path: str) -> ModuleType:
    """A file of firmware/ that is no part of a package."""
    spec = importlib.util.spec_from_file_location(f"firmware_{Path(path).stem}", ROOT / "firmware" / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def project() -> Path:
    """The folder of platformio.ini; what was built there before is built again only where it changed."""
    folder = FOLDER / "firmware"
    folder.mkdir(parents=True, exist_ok=True)
    for place, original in [
        (FOLDER / "boards", ROOT / "boards"),
        *((folder / n, ROOT / "firmware" / n) for n in LINKED),
    ]:
        if not place.is_symlink():
            place.symlink_to(original)
    shutil.copy(ROOT / "firmware" / "platformio.ini", folder)
    if not (folder / ".pio-core" / "packages" / "tool-scons" / "SCons").is_dir():
        firmware_file("tool-scons/install.py").main(folder / ".pio-core")
    return folder


@cache
def image(board: Board, model: str, app: str = "keyword") -> Path:
    """The linked program; raises ConvertError (FitError) for what cannot be built."""
    made = build.prepare(model, board, app, project())
    build.choose(made, model)
    build.build(made)
    kept = FOLDER / "images" / f"{board.id}-{made.name}-{app}.elf"
    kept.parent.mkdir(exist_ok=True)
    shutil.copy(project() / ".pio" / "build" / board.id / "firmware.elf", kept)
    return kept


def command(elf: Path, board: Board) -> list[str]:
    """What runs the program, its UART on standard input and output: what `pio run -t upload` starts."""
    sys.path.insert(0, str(ROOT / "firmware" / "platform"))
    try:
        keys = {"target": board.target, "qemu": board.qemu, "emulator": board.emulator}
        return list(firmware_file("platform/uploads.py").command(elf, keys))
    except SystemExit as e:
        raise ConvertError(str(e)) from None
    finally:
        sys.path.pop(0)
