"""``pio run -t upload``: the program into an emulator behind a socket, or as UF2 onto a board's drive."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from uf2 import install

HERE = Path(__file__).parent
PACKAGES = {"qemu-system-arm": "qemu-system-arm", "qemu-system-riscv32": "qemu-system-misc"}


def upload(target: list, source: list, env) -> int:
    """SCons's action; 0 when the program listens (or is on the drive)."""
    elf, asked = Path(str(source[0])).resolve(), str(env.subst("$UPLOAD_PORT"))
    keys = ("target", "qemu", "emulator", "volume", "uf2_family")
    board = {k: str(env.GetProjectOption(f"custom_{k}", "")) for k in keys}
    # A folder is the drive of a board; what else emulates is not meant then.
    if board["uf2_family"] and (Path(asked).is_dir() if asked else env.subst("$UPLOAD_PROTOCOL") == "uf2"):
        return install(elf, asked, board["volume"], int(board["uf2_family"], 0))
    line = command(elf, board)
    address = asked or str(env.GetProjectOption("monitor_port", ""))
    # Not in the build folder: PlatformIO empties that whenever a board file changes.
    record = Path(env.subst("$PROJECT_WORKSPACE_DIR")) / "emulators" / f"{env['PIOENV']}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    starter = [sys.executable, str(HERE / "emulator.py"), "--background", "--port", str(port(address))]
    return subprocess.call([*starter, "--record", str(record), "--", *line])


def port(address: str) -> int:
    """Of ``socket://127.0.0.1:4810``, or a number by itself."""
    found = re.fullmatch(r"\d+", address)
    number = int(address) if found else urlsplit(address).port
    if number is None:
        sys.exit(f"{address!r} is no port of an emulator; give --upload-port socket://127.0.0.1:4810")
    return number


def command(elf: Path, board: dict[str, str]) -> list[str]:
    """What runs the program with its UART on standard input and output."""
    if board["emulator"] == "rp2040py":
        return [sys.executable, str(HERE / "rp2040.py"), str(elf)]
    if board["target"] == "host":
        return [str(elf)]
    if not board["qemu"]:
        sys.exit("this board has no custom_qemu: nothing here emulates it")
    program = "qemu-system-riscv32" if board["qemu"] == "virt" else "qemu-system-arm"
    if shutil.which(program) is None:
        sys.exit(f"{program} is not installed; apt-get install {PACKAGES[program]}")
    bios = ["-bios", "none"] if board["qemu"] == "virt" else []
    return [program, "-M", board["qemu"], *bios, *FIXED, "-kernel", str(elf)]


# 64 ns of virtual time for an instruction: what the firmware counts are instructions.
FIXED = (
    *("-display", "none", "-monitor", "none", "-serial", "stdio"),
    *("-icount", "shift=6,sleep=off"),
    *("-semihosting-config", "enable=on,target=native"),
)
