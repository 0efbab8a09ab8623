"""Boards: ``boards/<id>.ini``, one file each; a PlatformIO environment whose ``custom_*`` keys are ours."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "boards"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}
REQUIRED = ("title", "target")


class BoardError(Exception):
    """One line: the board, the key, the remedy."""


@dataclass(frozen=True)
class Memory:
    """A region of the address space; 0 bytes: as much as the machine has."""

    origin: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Board:
    """What a program must know of the machine that it is linked for."""

    id: str
    title: str
    target: str
    """The core, a name of ``converters.target``."""
    clock_hz: int = 0
    """Of the core and of its SysTick."""
    flash: Memory = Memory()
    ram: Memory = Memory()
    uart: str = ""
    """The driver, a file of ``firmware/lib/hal/uart``."""
    uart_base: int = 0
    qemu: str = ""
    """QEMU's machine; '' where none emulates the board."""
    mic: str = ""

    @property
    def emulated(self) -> bool:
        return bool(self.qemu)


def known(folder: Path = FOLDER) -> list[str]:
    """The ids of all boards."""
    return sorted(p.stem for p in folder.glob("*.ini"))


def open_board(name: str, folder: Path = FOLDER) -> Board:
    """By id; raises BoardError with the list of boards, or naming the key that is wrong."""
    path = folder / f"{name}.ini"
    if not re.fullmatch(r"[a-z0-9_+-]+", name) or not path.is_file():
        raise BoardError(f"no board {name!r}; there are {', '.join(known(folder))}")
    return _board(name, _section(name, path))


def _section(name: str, path: Path) -> dict[str, str]:
    """The ``custom_*`` keys of the file's one section, without the prefix."""
    # Values may name other settings in PlatformIO's ${...}, which none of ours do.
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, configparser.Error, UnicodeDecodeError) as e:
        raise BoardError(f"{path.name}: cannot be read ({str(e).splitlines()[0]})") from None
    if parser.sections() not in ([f"env:{name}"], [f"board:{name}"]):
        raise BoardError(f"{path.name}: its one section must be [env:{name}] or [board:{name}]")
    items = parser.items(parser.sections()[0])
    return {k.removeprefix("custom_"): v for k, v in items if k.startswith("custom_")}


def _board(name: str, keys: dict[str, str]) -> Board:
    for key in REQUIRED:
        if not keys.get(key):
            raise BoardError(f"{name}.ini: custom_{key} is missing")
    driver, _, base = keys.get("uart", "").partition(" ")
    return Board(
        name,
        keys["title"],
        keys["target"],
        _whole(name, "clock_hz", keys.get("clock_hz", "0")),
        _memory(name, "flash", keys.get("flash", "")),
        _memory(name, "ram", keys.get("ram", "")),
        driver,
        _whole(name, "uart", base or "0"),
        keys.get("qemu", ""),
        keys.get("mic", ""),
    )


def _whole(name: str, key: str, text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise BoardError(f"{name}.ini: custom_{key} is {text!r}; write a whole number") from None


def _memory(name: str, key: str, text: str) -> Memory:
    """``<origin> <bytes>``, the bytes with K or M behind them."""
    if not text:
        return Memory()
    found = re.fullmatch(r"(0x[0-9a-fA-F]+) (\d+)([KM]?)", text)
    if found is None:
        raise BoardError(f"{name}.ini: custom_{key} is {text!r}; write it as '0x20000000 128K'")
    return Memory(int(found[1], 16), int(found[2]) * _UNITS[found[3]])
