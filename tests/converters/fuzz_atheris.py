"""Coverage-guided fuzzing of the reader: ``python fuzz_atheris.py CORPUS -seed=1 -runs=300000``."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["converters"]):
    from converters.error import ConvertError
    from converters.read_tflite import parse


def one(data: bytes) -> None:
    """Anything but a graph or one line is a find."""
    try:
        parse(data, "x.tflite")
    except ConvertError as e:
        if not str(e).isprintable():
            raise AssertionError(f"not one line: {e!r}") from None


atheris.Setup(sys.argv, one)
atheris.Fuzz()
