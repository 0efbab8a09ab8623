"""Where audio and pictures come from: one source, one file.

Audio comes as int16 mono blocks [n] at 16 kHz (source.py), pictures as frames (frame.py).
"""

from edge.source.error import SourceError
from edge.source.source import RATE_HZ, Samples, Source

__all__ = ["RATE_HZ", "Samples", "Source", "SourceError"]
