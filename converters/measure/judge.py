"""Who says what is right: TFLM on the same file and inputs; the integer reference where TFLM does not run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.compile import Source
from converters.graph import Graph
from converters.interpreters import Tflm
from converters.measure.glue import Steps
from converters.read_tflite import parse
from converters.run import run_steps

SEED = 1


@dataclass(frozen=True)
class Verdict:
    """``first``: invocation and output of the first difference, '' if there is none."""

    judge: str
    bit_exact: bool
    first: str = ""


def draw(graph: Graph, count: int, seed: int = SEED) -> list[list[np.ndarray]]:
    """Inputs for so many invocations, every value of the dtype alike; floats are standard normal."""
    rng = np.random.default_rng(seed)

    def one(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        if dtype == "float32":
            return rng.standard_normal(shape).astype(np.float32)
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        limits = np.iinfo(np.dtype(dtype))
        return rng.integers(limits.min, limits.max, shape, dtype=np.dtype(dtype), endpoint=True)

    return [[one(graph[n].dtype, graph[n].shape) for n in graph.inputs] for _ in range(count)]


def judge(source: Source, steps: Steps, answers: Steps) -> Verdict:
    """``answers``: what the compiled model said, invocation by invocation."""
    graph = source.graph
    name = Tflm.name if Tflm.available() else "integer reference"
    wanted = _tflm(source, steps) if Tflm.available() else list(run_steps(graph, steps))
    for i, (found, right) in enumerate(zip(answers, wanted, strict=True)):
        for output, x, y in zip(graph.outputs, found, right, strict=True):
            if x.tobytes() != y.tobytes():
                wrong = int((x.ravel() != y.ravel()).sum())
                return Verdict(name, False, f"invocation {i}, {output}: {wrong} of {y.size} values")
    return Verdict(name, True)


def _tflm(source: Source, steps: Steps) -> list[list[np.ndarray]]:
    """A state that the file has outside goes back in by hand."""
    graph, file = source.graph, parse(source.content, source.about.name)
    interpreter = Tflm(source.content, len(file.outputs))
    outside = [s for s in graph.states if s.read in file.inputs]
    values = {s.read: s.initial for s in outside}
    answers = []
    for step in steps:
        values |= dict(zip(graph.inputs, step, strict=True))
        found = dict(zip(file.outputs, interpreter.run([values[n] for n in file.inputs]), strict=True))
        values |= {s.read: found[s.write] for s in outside}
        answers.append([found[n] for n in graph.outputs])
    return answers
