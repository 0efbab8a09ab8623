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
    def title(self) -> str:
        """The name, fit for one line of a comment in any language."""
        return "".join(c if c.isprintable() and c not in "*/\\" else "_" for c in self.name)

    @property
    def version(self) -> str:
        """Of this package."""
        try:
            return version("nuthatch")
        except PackageNotFoundError:
            return "unknown"
