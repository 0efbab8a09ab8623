"""What the measuring program says: a word and hexadecimal numbers a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph
from converters.measure.emulator import instructions
from edge.board import Board


@dataclass(frozen=True)
class Report:
    """Of one run. Instructions are those of the model's functions, their calls' returns included."""

    init: int
    invokes: tuple[int, ...]
    stack_bytes: int
    init_stack_bytes: int
    outputs: tuple[bytes, ...]
    """Of all invocations, in their order."""
    layers: tuple[int, ...] = ()
    """Of all invocations together."""

    def answers(self, graph: Graph) -> list[list[np.ndarray]]:
        """For each invocation the outputs in the graph's shapes."""
        tensors = [graph[n] for n in graph.outputs]
        arrays = [
            np.frombuffer(raw, np.dtype(t.dtype)).reshape(t.shape)
            for raw, t in zip(self.outputs, tensors * len(self.invokes), strict=True)
        ]
        return [arrays[i : i + len(tensors)] for i in range(0, len(arrays), len(tensors))]


def parse(text: str, board: Board) -> Report:
    """Raises ConvertError for a line that is none of ours."""
    spans: dict[str, list[list[int]]] = {}
    outputs = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        try:
            if word == "output":
                outputs.append(bytes.fromhex(rest))
            else:
                spans.setdefault(word, []).append([int(n, 16) for n in rest.split()])
        except ValueError:
            raise ConvertError(
                f"{board.id}: the program said {line[:60]!r}, which is no line of a measurement"
            ) from None
    return Report(
        init=_counts(spans, "init", "nothing", board)[0],
        invokes=_counts(spans, "invoke", "nothing", board),
        stack_bytes=_number(spans, "depth"),
        init_stack_bytes=_number(spans, "depthinit"),
        outputs=tuple(outputs),
        layers=_counts(spans, "layer", "nolayer", board),
    )


def _counts(spans: dict[str, list[list[int]]], word: str, without: str, board: Board) -> tuple[int, ...]:
    """Instructions, less those that measuring nothing takes; the return of that nothing is one instruction."""
    nothing = spans.get(without, [[0, 0]])[0]
    own = 1 if without == "nothing" else 0
    found: Sequence[Sequence[int]] = spans.get(word, [])
    return tuple(round(instructions(board, s[0] - nothing[0], s[1] - nothing[1])) + own for s in found)


def _number(spans: dict[str, list[list[int]]], word: str) -> int:
    return spans[word][0][0] if word in spans else 0
