"""All models on all cores: what ``docs/benchmarks/mcu.md`` is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from converters.compile import Source, open_source
from converters.error import ConvertError
from converters.measure.anchors import Anchor, anchors
from converters.measure.result import Result, bench
from converters.measure.standin import LABEL, STAND_INS, open_standin
from edge.board import open_board
from edge.manifest import bundled_names

INPUTS = 2
MOST_LETTERS = 150
STEPS = 24
"""Invocations of a model with states: what its first layers remember reaches the last ones."""


@dataclass(frozen=True)
class Subject:
    """A model to be measured, and where it is from."""

    name: str
    origin: str
    source: Source

    @property
    def streaming(self) -> bool:
        return bool(self.source.graph.states)


@dataclass(frozen=True)
class Row:
    """A model on the boards: board -> result, or why there is none."""

    subject: Subject
    results: Mapping[str, Result | str]

    @property
    def anchor(self) -> Anchor | None:
        return anchors().models.get(self.subject.name)

    def result(self, board: str) -> Result | None:
        found = self.results.get(board)
        return found if isinstance(found, Result) else None

    def ratio(self, board: str) -> float | None:
        """Instructions, ours over the anchor's."""
        result, core = self.result(board), anchors().boards.get(board)
        if self.anchor is None or result is None or core is None:
            return None
        return result.instructions / self.anchor.instructions[core]


def table(
    models: Path | None, boards: Sequence[str], tell: Callable[[str], None], jobs: int = 2
) -> tuple[list[Row], dict[str, str]]:
    """Every model of the anchors, every other file of the folder and every bundle on the boards; why some are not."""
    subjects, absent = _subjects(models)
    for name, reason in absent.items():
        tell(f"{name}: {reason}")
    pairs = [(s, b) for s in subjects for b in boards]

    def one(pair: tuple[Subject, str]) -> Result | str:
        found = _measured(*pair)
        tell(f"{pair[0].name} on {pair[1]}: {_said(found)}")
        return found

    with ThreadPoolExecutor(jobs) as pool:
        found = dict(zip(pairs, pool.map(one, pairs), strict=True))
    return [Row(s, {b: found[s, b] for b in boards}) for s in subjects], absent


def _measured(subject: Subject, board: str) -> Result | str:
    """What is wrong with one run does not end the others."""
    try:
        return bench(subject.source, open_board(board), STEPS if subject.streaming else INPUTS, layers=False)
    except ConvertError as e:
        return str(e)


def _said(result: Result | str) -> str:
    if isinstance(result, str):
        return result
    return f"{result.instructions:,} instructions, {'equal' if result.bit_exact else result.first_difference}"


def _subjects(models: Path | None) -> tuple[list[Subject], dict[str, str]]:
    """Each name once, a file before the stand-in for it; beside them, why others are absent."""
    files = {p.stem: p for p in sorted(models.glob("*.tflite"))} if models else {}
    found: list[Subject] = []
    absent: dict[str, str] = {}
    for name in dict.fromkeys([*anchors().models, *files, *bundled_names()]):
        try:
            if name in files:
                found.append(Subject(name, "", open_source(files[name])))
            elif name in STAND_INS:
                found.append(Subject(name, LABEL, open_standin(name)))
            elif name in bundled_names():
                found.append(Subject(name, "bundled", open_source(name)))
            else:
                absent[name] = "its file was not given"
        except ConvertError as e:
            absent[name] = textwrap.shorten(str(e).removeprefix(f"{files.get(name, name)}: "), MOST_LETTERS)
    return found, absent
