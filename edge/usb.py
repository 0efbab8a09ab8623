"""Boards on this machine's USB: serial ports by vendor and product, drives by the label that a debugger shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.board import Board
from edge.platformio import INSTALL, PlatformioError

SYSTEM = Path("/")
MEDIA = ("media", "run/media", "Volumes", "mnt")
"""Where systems mount drives."""

DRIVE_FILE = "INFO_UF2.TXT"


class FlashError(Exception):
    """Which board is meant is not certain: what was found, and what to do. Exit code 4."""


@dataclass(frozen=True)
class Port:
    """A serial port of a USB device."""

    device: str
    usb: str
    """``vid:pid``"""
    serial: str = ""
    title: str = ""
    labels: tuple[str, ...] = ()
    """Of drives of the same device."""

    def __str__(self) -> str:
        drive = f", drive {' '.join(self.labels)}" if self.labels else ""
        return f"{self.device} ({self.usb}{', ' + self.title if self.title else ''}{drive})"


def ports(system: Path = SYSTEM) -> list[Port]:
    """All serial ports on USB; raises PlatformioError without pyserial."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        raise PlatformioError(f"pyserial is not installed; {INSTALL}") from None

    return [_port(p, system) for p in sorted(comports()) if p.vid is not None]


def _port(found: Any, system: Path) -> Port:
    device = getattr(found, "usb_device_path", None)
    labels = drive_labels(Path(device), system) if device else ()
    title = found.product or found.description or ""
    return Port(found.device, f"{found.vid:04x}:{found.pid:04x}", found.serial_number or "", title, labels)


def drive_labels(device: Path, system: Path = SYSTEM) -> tuple[str, ...]:
    """Labels of the file systems below a USB device of sysfs (Linux); nothing elsewhere."""
    found = []
    for link in sorted((system / "dev/disk/by-label").glob("*")):
        block = system / "sys/class/block" / link.resolve().name
        if block.exists() and block.resolve().is_relative_to(device.resolve()):
            found.append(link.name.replace("\\x20", " "))
    return tuple(found)


def choose_drive(board: Board, wanted: str | None = None, system: Path = SYSTEM) -> Path:
    """The drive that the board in its boot loader shows; raises FlashError for none and for several."""
    if wanted is not None:
        if not (Path(wanted) / DRIVE_FILE).is_file():
            raise FlashError(f"{wanted}: no drive of a boot loader (it has no {DRIVE_FILE})")
        return Path(wanted)
    folders = [p for m in MEDIA for p in (system / m, *(system / m).glob("*"))]
    found = sorted(p / board.volume for p in folders if (p / board.volume / DRIVE_FILE).is_file())
    if len(found) != 1:
        what = f"found {', '.join(map(str, found))}" if found else f"no drive {board.volume} is mounted"
        raise FlashError(f"{board.id}: {what}; {'name one: --port FOLDER' if found else board.flash_by}")
    return found[0]


def choose(board: Board, others: Iterable[Board], found: Sequence[Port], wanted: str | None = None) -> Port:
    """The one port that is this board; raises FlashError for none, for several, or where it could be another board."""
    if wanted is not None:
        return _named(board, found, wanted)
    alike = [p for p in found if p.usb in board.usb and not _is_another(board, p)]
    if len(alike) != 1:
        what = f"{len(alike)} boards could be {board.id}" if alike else f"no {board.id} is connected"
        raise FlashError(
            f"{what}; {_listing(found)}; {'name one: --port ' + alike[0].device if alike else _help(board)}"
        )
    shared = sorted(b.id for b in others if b.id != board.id and alike[0].usb in b.usb)
    if shared and not _is_certain(board, alike[0]):
        raise FlashError(
            f"{alike[0]} may be {board.id}, or {' or '.join(shared)}: they have the same USB id; "
            f"if it is {board.id}, say so: --port {alike[0].device}"
        )
    return alike[0]


def _named(board: Board, found: Sequence[Port], wanted: str) -> Port:
    port = next((p for p in found if p.device == wanted), None)
    if port is None:
        raise FlashError(f"{wanted}: no such port; {_listing(found)}")
    if port.usb not in board.usb or _is_another(board, port):
        raise FlashError(f"{port} is no {board.id} (USB {' or '.join(board.usb)}); {_listing(found)}")
    return port


def _is_certain(board: Board, port: Port) -> bool:
    return bool(set(board.volume.split()) & set(port.labels))


def _is_another(board: Board, port: Port) -> bool:
    """Its drive has a label, and not this board's."""
    return bool(board.volume and port.labels) and not _is_certain(board, port)


def _listing(found: Sequence[Port]) -> str:
    return "found " + (", ".join(map(str, found)) if found else "no serial port on USB")


def _help(board: Board) -> str:
    return f"plug it in with a cable that carries data (it is flashed by {board.flash_by})"
