"""Where audio comes from: one source, one file. Each yields int16 mono blocks [n] at 16 kHz."""

from edge.source.error import SourceError
from edge.source.source import RATE_HZ, Samples, Source

__all__ = ["RATE_HZ", "Samples", "Source", "SourceError"]
