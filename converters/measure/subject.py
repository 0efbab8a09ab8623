"""What is measured: a ``.tflite`` file, or the step graph of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converters.error import ConvertError
from converters.graph import Graph
from converters.read_tflite import parse


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with the file that an interpreter judges it by."""

    name: str
    content: bytes
    graph: Graph
    """As the file has it."""


def open_subject(model: str) -> Subject:
    """A path to a ``.tflite``, a bundle's folder, or a bundled model's name."""
    path = Path(model)
    if path.suffix == ".tflite":
        return _read(path.stem, path)
    from edge.manifest import open_bundle

    bundle = open_bundle(model)
    file = "stream.tflite" if bundle.manifest.stream else "model.tflite"
    return _read(bundle.manifest.name, bundle.file(file))


def _read(name: str, path: Path) -> Subject:
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ConvertError(f"{path}: cannot be read ({e.strerror})") from None
    return Subject(name, content, parse(content, str(path)))
