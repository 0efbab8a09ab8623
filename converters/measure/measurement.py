"""A compiled model on an emulated board: what one invocation takes, and whether it is right."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.graph import Graph
from converters.measure import emulator, image
from converters.measure.glue import Glue, Steps
from converters.measure.protocol import Report, parse
from converters.measure.sizes import Sizes, sizes
from edge.board import Board


@dataclass(frozen=True)
class Measurement:
    """Of one model on one board."""

    report: Report
    sizes: Sizes
    layers: tuple[int, ...] = ()
    """Instructions of each call of one invocation, on average; empty when they were not asked for."""

    @property
    def instructions(self) -> int:
        """Of one invocation, on average."""
        return round(sum(self.report.invokes) / max(1, len(self.report.invokes)))


def measure(
    files: Mapping[str, str],
    graph: Graph,
    board: Board,
    steps: Steps,
    layers: int = 0,
    prefix: str = "model",
    flags: Sequence[str] = (),
) -> Measurement:
    """Build, run, read; ``layers``: how many calls the model reports on after each, in an image of its own."""
    with tempfile.TemporaryDirectory(prefix="nuthatch-") as name:
        folder = Path(name)
        whole, taken = _run(files, Glue(graph, prefix, steps), board, folder / "whole", flags)
        each: tuple[int, ...] = ()
        if layers and has_profile(files, prefix):
            # The hooks cost instructions and registers: totals come from an image without them.
            glue = Glue(graph, prefix, steps, layers)
            found, _ = _run(files, glue, board, folder / "layers", [*flags, f"-D{prefix.upper()}_PROFILE"])
            each = tuple(round(n / len(steps)) for n in found.layers)
    return Measurement(whole, taken, each)


def has_profile(files: Mapping[str, str], prefix: str) -> bool:
    """The generated code can report after each layer."""
    return any(re.search(rf"\b{prefix.upper()}_PROFILE\b", text) for text in files.values())


def _run(
    files: Mapping[str, str], glue: Glue, board: Board, folder: Path, flags: Sequence[str]
) -> tuple[Report, Sizes]:
    made = image.build({**files, **glue.files()}, board, folder, flags)
    report = parse(emulator.run(made, board), board)
    return report, sizes(made.map, {f"{Path(n).stem}.o" for n in files if n.endswith(".c")})
