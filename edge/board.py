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
    """Kind and how it is read, or 'none'."""
    environment: bool = True
    """Firmware is built for it (``[env:<id>]``); else it runs the daemon (``[board:<id>]``)."""
    hal: tuple[str, ...] = ()
    """Folders of ``firmware/lib/hal`` beside the core's."""
    usb: tuple[str, ...] = ()
    """USB ids of its port, ``vid:pid`` in lower-case hexadecimal."""
    volume: str = ""
    """Label of the drive that its debugger shows: several boards have debuggers with the same USB id."""
    flash_by: str = ""
    """How a program gets onto it, for people."""
    pick: str = ""
    """What PlatformIO's uploader must be told to take one of several, with ``{serial}`` in it."""
    uf2: bool = False
    """Its boot loader takes UF2 files on a drive with that label."""
    emulator: str = ""
    """Another emulator than QEMU."""
    port: str = ""
    """Where the emulator's UART is."""
    platform: str = ""
    """PlatformIO's, with its version."""
    framework: str = ""
    core: str = ""
    """The processor, for people, where the target does not say it."""
    cores: int = 1
    memory_bytes: int = 0
    """Of a board that runs the daemon."""
    backends: tuple[str, ...] = ()
    """What the daemon may use there, best first."""
    notes: str = ""

    @property
    def emulated(self) -> bool:
        """QEMU runs it, one instruction after the other."""
        return bool(self.qemu)

    @property
    def simulated(self) -> bool:
        """Firmware for it runs on this machine, its UART a socket."""
        return self.port.startswith("socket:")


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
    """The keys of the file's one section, ours without the prefix ``custom_``, and which kind of section it is."""
    # Values may name other settings in PlatformIO's ${...}, which none of ours do.
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, configparser.Error, UnicodeDecodeError) as e:
        raise BoardError(f"{path.name}: cannot be read ({str(e).splitlines()[0]})") from None
    if parser.sections() not in ([f"env:{name}"], [f"board:{name}"]):
        raise BoardError(f"{path.name}: its one section must be [env:{name}] or [board:{name}]")
    section = parser.sections()[0]
    return {"section": section.partition(":")[0], **{k.removeprefix("custom_"): v for k, v in parser.items(section)}}


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
        environment=keys["section"] == "env",
        hal=tuple(keys.get("hal", "").split()),
        usb=_usb(name, keys.get("usb", "")),
        volume=keys.get("volume", ""),
        flash_by=keys.get("flash_by", ""),
        pick=keys.get("pick", ""),
        uf2=bool(keys.get("uf2_family")),
        emulator=keys.get("emulator", ""),
        port=keys.get("monitor_port", ""),
        platform=keys.get("platform", ""),
        framework=keys.get("framework", ""),
        core=keys.get("core", ""),
        cores=_whole(name, "cores", keys.get("cores", "1")),
        memory_bytes=_bytes(name, keys.get("memory", "")),
        backends=tuple(keys.get("backends", "").split()),
        notes=" ".join(keys.get("notes", "").split()),
    )


def _usb(name: str, text: str) -> tuple[str, ...]:
    for one in text.split():
        if not re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{4}", one):
            raise BoardError(f"{name}.ini: custom_usb has {one!r}; write ids as 0483:374b, in lower case")
    return tuple(text.split())


def _bytes(name: str, text: str) -> int:
    """``1024M``; nothing is 0."""
    found = re.fullmatch(r"(\d+)([KM]?)", text or "0")
    if found is None:
        raise BoardError(f"{name}.ini: custom_memory is {text!r}; write it as '1024M'")
    return int(found[1]) * _UNITS[found[2]]


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
