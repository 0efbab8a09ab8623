"""The store's one error."""


class StoreError(Exception):
    """Something cannot be kept or read; the text names it and the remedy in one line."""
