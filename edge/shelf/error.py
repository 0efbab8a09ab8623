"""The shelf's one error."""


class ShelfError(Exception):
    """A model that is not taken, or is not there; the text names it and the remedy in one line."""
