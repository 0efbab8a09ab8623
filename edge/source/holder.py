"""Who holds a sound card: Linux says it in /proc/asound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_CARD = re.compile(r"^ *(\d+) \[(.+?) *\]: (.*)$", re.M)
_HW = re.compile(r"hw:(\d+)")
_OWNER = re.compile(r"owner_pid *: *(\d+)")


def holder(wanted: str, proc: Path = Path("/proc")) -> str:
    """``"USB PnP, held by arecord (process 1234)"`` for a card that is named so and records already, or ""."""
    for number, name in _cards(proc):
        if not _is_meant(wanted, number, name):
            continue
        for status in sorted((proc / "asound" / f"card{number}").glob("pcm*c/sub*/status")):
            if owner := _owner(status):
                return f"{name}, held by {_program(proc, owner)}"
    return ""


def _is_meant(wanted: str, number: str, name: str) -> bool:
    hardware = _HW.search(wanted)
    if hardware:
        return hardware[1] == number
    return not wanted or wanted.casefold() in name.casefold()


def _cards(proc: Path) -> Iterator[tuple[str, str]]:
    try:
        text = (proc / "asound" / "cards").read_text("utf-8", "replace")
    except OSError:
        return
    for number, short, rest in _CARD.findall(text):
        yield number, f"{rest.partition(' - ')[2] or rest} [{short.strip()}]"


def _owner(status: Path) -> str:
    try:
        match = _OWNER.search(status.read_text("ascii", "replace"))
    except OSError:
        return ""
    return match[1] if match else ""


def _program(proc: Path, process: str) -> str:
    """Its name where we may see it."""
    try:
        return f"{(proc / process / 'comm').read_text().strip()} (process {process})"
    except OSError:
        return f"process {process}"
