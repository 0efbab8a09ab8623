"""Models that were added to this machine: checked before use, swapped in one step, the versions before kept."""

from edge.shelf.error import ShelfError
from edge.shelf.shelf import Shelf

__all__ = ["Shelf", "ShelfError"]
