"""Compilers' flags of a board's core (custom_target)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CORES: dict[str, Any] = json.loads((Path(__file__).parent / "cores.json").read_text("utf-8"))


def core(target: str) -> dict[str, Any]:
    """``flags``, ``compile`` (not for linking), ``specs`` and the tools' ``prefix``. Raises ValueError."""
    if target not in CORES:
        raise ValueError(f"no core custom_target = {target!r}; there are {', '.join(CORES)}")
    found = {"prefix": "arm-none-eabi-", "specs": "nosys.specs", "compile": [], **CORES[target]}
    found["specs"] = [f"--specs={found['specs']}"] if found["specs"] else []
    return found
