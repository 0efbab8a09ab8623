"""Model -> C library: the passes, the plan, the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from converters.budget import plan_within
from converters.emit.about import About
from converters.emit.c import emit
from converters.emit.library import library
from converters.error import ConvertError
from converters.graph import Graph
from converters.passes.absorb_pad import absorb_pad
from converters.passes.dense_window import dense_window
from converters.passes.drop_dead import drop_dead
from converters.passes.drop_identity import drop_identity
from converters.passes.external_states import external_states
from converters.passes.fold_constants import fold_constants
from converters.passes.merge_branches import merge_branches
from converters.passes.single_channel import single_channel
from converters.plan import Plan, plan
from converters.read_tflite import parse
from converters.target import Target
from edge.manifest import open_bundle

PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_constants,
    drop_identity,
    absorb_pad,
    single_channel,
    merge_branches,
    dense_window,
    drop_dead,
)


@dataclass(frozen=True, eq=False)
class Source:
    """A model as its file has it, with what it keeps from step to step as states."""

    about: About
    graph: Graph
    content: bytes


def lower(graph: Graph) -> Graph:
    """The same integers from fewer operators that the kernels like."""
    for rewrite in PASSES:
        graph = rewrite(graph)
    return graph.validate()


def open_source(model: str | Path) -> Source:
    """A ``.tflite`` file, a bundle's folder, or a bundled model's name.

    A bundle is its step graph, whose states the compiled model keeps itself. Raises ConvertError or BundleError.
    """
    path = Path(model)
    if path.suffix != ".tflite":
        bundle = open_bundle(model)
        stream = bundle.manifest.stream is not None
        return _source(bundle.manifest.name, bundle.file("stream.tflite" if stream else "model.tflite"), stream)
    return _source(path.stem, path, path.name == "stream.tflite" and _of_bundle(path))


def compile_model(source: Source, target: Target, ram_bytes: int | None = None) -> Plan:
    """The plan for a core, in so many bytes of RAM; raises BudgetError, or ConvertError for what has no kernel."""
    graph = lower(source.graph)
    return plan(graph, target) if ram_bytes is None else plan_within(graph, target, ram_bytes, source.about.name)


def files(made: Plan, about: About, prefix: str) -> dict[str, str]:
    """Name -> text: the C, and what makes the folder a library for PlatformIO, Arduino and CMake."""
    return emit(made, prefix, about) | library(prefix, about)


def _source(name: str, path: Path, states_outside: bool) -> Source:
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ConvertError(f"{path}: cannot be read ({e.strerror})") from None
    graph = parse(content, str(path))
    about = About(name, hashlib.sha256(content).hexdigest())
    return Source(about, external_states(graph) if states_outside else graph, content)


def _of_bundle(path: Path) -> bool:
    """A manifest beside it names it as its stream."""
    if not (path.parent / "manifest.json").is_file():
        return False
    manifest = open_bundle(path).manifest
    return manifest.stream is not None and path.name in manifest.files
