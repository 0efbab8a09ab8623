"""Where everything lies that the daemon writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_folder(configured: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configured one; else systemd's for the service, ``$STATE_DIRECTORY``; else the user's."""
    if configured is not None:
        return configured.expanduser()
    # systemd gives several, with : between them, when the unit names several
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    home = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "nuthatch"
