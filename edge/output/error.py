"""What an output says of a place it cannot write to."""

from __future__ import annotations


class OutputError(Exception):
    """A view that cannot be written; the text names the place and the remedy in one line."""


def cannot_write(place: object, error: BaseException) -> OutputError:
    """With the system's reason: no space left, no permission, too large."""
    said = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return OutputError(f"{place}: cannot be written ({said}); give --out another place")
