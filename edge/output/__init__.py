"""Where views go: one output, one file. An output is called with each view and its frame."""

from edge.output.error import OutputError

__all__ = ["OutputError"]
