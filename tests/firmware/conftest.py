"""A PlatformIO project of its own for the tests: this one's libraries and platform, other apps, its own core folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# These folders hold PlatformIO's tests too; its runner is no test file.
collect_ignore = ["test_custom_runner.py"]

ROOT = Path(__file__).parents[2]
TOOLS = ("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "qemu-system-arm", "qemu-system-riscv32")
NUTHATCH = (sys.executable, "-c", "from edge.cli import main; main()")
HELLO = """#include "bundle.h"
#include "hal.h"

static uint8_t arena[MODEL_ARENA_BYTES] __attribute__((aligned(16)));

int main(void) {
    model_init(arena);
    model_invoke();
    for (const char *text = NH_MODEL_NAME " on " NH_BOARD "\\r\\n"; *text; text++) hal_put(*text);
    return 0;
}
"""
LARGE = """#include "bundle.h"
#include "hal.h"

static volatile uint8_t buffer[5000000];

int main(void) { return buffer[MODEL_MACS % 5000000]; }
"""


def file_module(path: str):
    """A file of firmware/ that is no part of a package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / "firmware" / path)
    assert spec is not None and spec.loader is not None
    sys.path.insert(0, str((ROOT / "firmware" / path).parent))
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


@pytest.fixture(scope="session")
def firmware_file() -> Callable:
    return file_module


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@dataclass(frozen=True)
class Project:
    folder: Path
    """Of platformio.ini; boards/ is beside it."""

    @property
    def boards(self) -> Path:
        return self.folder.parent / "boards"

    def pio(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "platformio", *arguments], timeout_s)

    def nuthatch(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return self._run([*NUTHATCH, *arguments, "--project", str(self.folder)], timeout_s)

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    def _run(self, line: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return subprocess.run(
            line,
            cwd=self.folder,
            env={**os.environ, "HOME": str(home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def emulate(self, board: str) -> socket.socket:
        """Uploads into the emulator; the UART. Closing it stops the program, ``stop`` ends the emulator."""
        done = self.pio("run", "-e", board, "-t", "upload", "--upload-port", f"socket://127.0.0.1:{free_port()}")
        assert done.returncode == 0, done.stdout + done.stderr
        port = int(done.stdout.partition("UART on socket://127.0.0.1:")[2].partition(",")[0])
        return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    missing = [t for t in TOOLS if shutil.which(t) is None]
    if missing or importlib.util.find_spec("platformio") is None:
        pytest.skip(f"{' '.join(missing) or 'platformio'} not installed")
    root = tmp_path_factory.mktemp("checkout")
    folder = root / "firmware"
    (root / "tests").mkdir()
    (root / "tests" / "firmware").symlink_to(ROOT / "tests" / "firmware")
    shutil.copytree(ROOT / "boards", root / "boards")
    for name, text in (("hello", HELLO), ("large", LARGE)):
        (folder / "apps" / name).mkdir(parents=True)
        (folder / "apps" / name / "main.c").write_text(text)
    for name in ("keyword", "portrait"):
        (folder / "apps" / name).symlink_to(ROOT / "firmware" / "apps" / name)
    for name in ("lib", "platform", "prepare.py"):
        (folder / name).symlink_to(ROOT / "firmware" / name)
    ini = (ROOT / "firmware" / "platformio.ini").read_text()
    (folder / "platformio.ini").write_text(ini.replace("custom_app = keyword", "custom_app = hello"))
    file_module("tool-scons/install.py").main(folder / ".pio-core")
    yield Project(folder)
    for record in folder.glob(".pio/emulators/*.json"):
        file_module("platform/emulator.py").end_previous(record)
