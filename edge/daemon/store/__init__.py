"""What is kept: events, labels and settings in SQLite, sound as files beside it."""

from edge.daemon.store.error import StoreError
from edge.daemon.store.store import Keep, Store, Stored

__all__ = ["Keep", "Store", "StoreError", "Stored"]
