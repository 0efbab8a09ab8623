"""An emulated board that can be switched off and on; its UART is a socket, as after `pio run -t upload`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from images import ROOT

EMULATOR = ROOT / "firmware" / "platform" / "emulator.py"


class Machine:
    def __init__(self, command: list[str], log: Path) -> None:
        self.command, self.log = command, log
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def switch_on(self) -> None:
        """At the same address as before; the program starts with its first reader."""
        line = [sys.executable, str(EMULATOR), "--port", str(self.port), "--", *self.command]
        with self.log.open("ab") as complaints:
            self._process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=complaints, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert "UART on" in said, self.log.read_text("utf-8", "replace")
        self.port = int(said.partition("127.0.0.1:")[2].partition(",")[0])

    def switch_off(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
