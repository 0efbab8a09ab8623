"""Programs that measuring needs, found or refused with the package that has them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from converters.error import ConvertError

PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "gcc": "gcc libc6-dev",
    "size": "binutils",
}


def tool(name: str) -> str:
    """Its path; raises ConvertError with Debian's package."""
    found = shutil.which(name)
    if found is None:
        raise ConvertError(f"{name} is not installed; apt-get install {PACKAGES.get(name, name)}")
    return found


def call(line: Sequence[str], folder: Path, timeout_s: float = 300) -> str:
    """Standard output; raises ConvertError with the program's first complaint."""
    try:
        done = subprocess.run(
            [tool(line[0]), *line[1:]], cwd=folder, capture_output=True, text=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise ConvertError(f"{line[0]}: not done after {timeout_s:.0f} s; the machine may be too busy") from None
    if done.returncode:
        raise ConvertError(f"{line[0]}: {_complaint(done.stderr).replace(f'{folder}/', '') or done.returncode}")
    return done.stdout


def _complaint(said: str) -> str:
    """The lines that say what is wrong; linkers mention memory without the word error."""
    lines = [x for x in said.splitlines() if re.search(r"error:|warning:|overflowed|undefined", x)]
    lines = [x for x in lines if "collect2" not in x] or said.splitlines()
    return " | ".join(x.strip() for x in lines[:3])[:600]


@cache
def version(name: str) -> str:
    """The first line that the program says of itself."""
    return call([name, "--version"], Path.cwd()).splitlines()[0]
