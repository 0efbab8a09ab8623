"""What a source says of audio it cannot take."""


class SourceError(Exception):
    """Audio that cannot be had; the text names the thing and the remedy in one line."""
