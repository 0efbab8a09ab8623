"""What a generated file says about its origin: enough to make it again, nothing that changes from day to day."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class About:
    """The model's name, and the SHA-256 of its file ('' when there is none)."""

    name: str = "model"
    sha256: str = ""

    @property
    def version(self) -> str:
        """Of this package."""
        try:
            return version("nuthatch")
        except PackageNotFoundError:
            return "unknown"
