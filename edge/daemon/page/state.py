"""How the daemon is, as one JSON object a second: models, their costs, each part's health, the process itself."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable
from typing import Any

from edge.daemon.control import Control, Loaded
from edge.daemon.health import Status


class Snapshots:
    """``take`` gives the object; shares of a CPU are those since the one before."""

    def __init__(self, control: Control, clock: Callable[[], float] = time.monotonic) -> None:
        self._control, self._clock = control, clock
        self._before: tuple[float, float, dict[str, float]] | None = None

    def take(self) -> dict[str, Any]:
        models = self._control.models
        busy_s = {m.manifest.name: m.cost.get("inference_s", 0.0) for m in models}
        shares, of_process = self._shares(busy_s)
        return {
            "type": "state",
            "name": self._control.name,
            "version": self._control.version,
            "muted": self._control.muted,
            "models": [_model(m, shares.get(m.manifest.name)) for m in models],
            "parts": {name: part(status) for name, status in sorted(self._control.health.parts.items())},
            "process": {"cpu_share": of_process, "resident_mb": round(resident_bytes() / 1e6, 1)},
        }

    def _shares(self, busy_s: dict[str, float]) -> tuple[dict[str, float], float | None]:
        """Of one core, since the snapshot before; a model that was loaded anew begins again."""
        now, used = self._clock(), time.process_time()
        before, self._before = self._before, (now, used, busy_s)
        if before is None or now <= before[0]:
            return {}, None
        passed = now - before[0]
        shares = {n: max(0.0, s - before[2][n]) / passed for n, s in busy_s.items() if n in before[2]}
        return {n: round(s, 5) for n, s in shares.items()}, round(max(0.0, used - before[1]) / passed, 5)


def _model(loaded: Loaded, cpu_share: float | None) -> dict[str, Any]:
    manifest = loaded.manifest
    return {
        "name": manifest.name,
        "task": manifest.task,
        "description": manifest.description,
        "hash": loaded.model_hash,
        "labels": manifest.targets,
        "thresholds": loaded.thresholds,
        "state": loaded.state,
        "score": finite(loaded.score),
        "cpu_share": cpu_share,
        "cost": {k: finite(v) for k, v in loaded.cost.items()},
    }


def part(status: Status) -> dict[str, Any]:
    return {
        "ok": status.ok,
        "state": status.state,
        "text": status.text,
        "since_s": status.since_s,
        "facts": {k: _fact(v) for k, v in status.facts.items()},
    }


def _fact(value: Any) -> Any:
    if isinstance(value, float):
        return finite(value)
    return value if isinstance(value, str | int | bool | None) else str(value)


def finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def resident_bytes() -> int:
    """Now, where /proc tells; otherwise the most there ever was."""
    try:
        with open("/proc/self/statm", encoding="ascii") as f:  # noqa: PTH123 - no Path made once a second
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
