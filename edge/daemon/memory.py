"""What the user set while the daemon runs, for after the next start: thresholds, the mute switch, its own name."""

from __future__ import annotations

import hashlib
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

LOG = logging.getLogger("nuthatch")
MACHINE_ID = Path("/etc/machine-id")


class Settings(Protocol):
    """The store's (edge/daemon/store/settings.py); ``set`` waits for the disk."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def set(self, key: str, value: Any) -> None: ...


class Forgetful:
    """Settings where there is no store."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self._values[key] = value


class Memory:
    """Reads at once, writes in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._now: dict[str, Any] = {}
        self._writer = ThreadPoolExecutor(1, "settings")

    def get(self, key: str, default: Any = None) -> Any:
        return self._now[key] if key in self._now else self._settings.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self._now[key] = value
        self._writer.submit(self._write, key, value)

    def _write(self, key: str, value: Any) -> None:
        try:
            self._settings.set(key, value)
        except Exception as e:  # a full disk: it holds until the next start
            LOG.warning("%s is not kept: %s", key, " ".join(str(e).split()))

    def close(self) -> None:
        """After what waits is written."""
        self._writer.shutdown()

    def threshold(self, model: str, label: str, configured: float) -> float:
        """The one that the user set, as long as the configuration says what it said then."""
        kept = self.get(f"threshold/{model}/{label}")
        return float(kept["value"]) if isinstance(kept, dict) and kept.get("over") == configured else configured

    def keep_threshold(self, model: str, label: str, value: float, configured: float) -> None:
        self.set(f"threshold/{model}/{label}", {"value": value, "over": configured})

    def device_id(self) -> str:
        """Of this device, for programs: the same for ever."""
        known = self.get("device_id")
        if not known:
            known = f"nuthatch_{_machine_digits()}"
            self.set("device_id", known)
        return str(known)


def _machine_digits() -> str:
    """Eight hexadecimal ones, which do not tell the machine's own id."""
    try:
        machine = MACHINE_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    return hashlib.sha256(f"nuthatch {machine}".encode()).hexdigest()[:8] if machine else secrets.token_hex(4)
