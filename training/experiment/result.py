"""The outcome of a finished run in a file: it counts for the settings that it was made with, and for no others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from training.data.audio import DataError

Outcome = TypeVar("Outcome")


def read(file: Path, kind: type[Outcome], settings: Mapping[str, Any]) -> Outcome | None:
    """None when there is no file; raises DataError for one of other settings, or that is no result."""
    if not file.is_file():
        return None
    try:
        state = json.loads(file.read_text("utf-8"))
        outcome, found = kind(**state["outcome"]), state["settings"]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{file}: not a result of this experiment; remove it and run again") from None
    if found != json.loads(json.dumps(settings)):
        raise DataError(f"{file}: a result of other settings or data; give another --work or remove it")
    return outcome


def write(file: Path, outcome: Any, settings: Mapping[str, Any]) -> None:
    """A kill leaves the whole file or none."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({"outcome": dataclasses.asdict(outcome), "settings": settings}), "utf-8")
    partial.replace(file)
