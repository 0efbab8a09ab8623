"""State that is a window over time: kept in a ring of frames, so that a step moves none of the old ones.

The idiom: the state's N frames and n new ones are concatenated, the last N frames of that are the next state.
The ring holds R = ceil((N + n) / n) * n frames. The n new ones are written at the head, in one piece because n
divides R; whoever reads the concatenation reads the N + n frames that end there, around the ring's end if need be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from converters.graph import Graph, Node, State, Tensor
from converters.ops.concatenation.op import Concatenation


@dataclass(frozen=True, eq=False)
class Ring:
    """One state in a ring; ``whole`` is the concatenation, whose bytes 0..N * frame_bytes are the old frames."""

    state: State
    new: str
    whole: str
    frame_bytes: int
    past: int
    """N, frames."""
    step: int
    """n, frames."""
    offset: int = 0
    """First byte in the state array."""

    @property
    def bytes(self) -> int:
        return -(-(self.past + self.step) // self.step) * self.step * self.frame_bytes

    @property
    def past_bytes(self) -> int:
        return self.past * self.frame_bytes

    @property
    def step_bytes(self) -> int:
        return self.step * self.frame_bytes

    @property
    def first_head(self) -> int:
        """Where the first step writes, bytes: the initial frames end there, or at the ring's end when it is 0."""
        return -(-self.past // self.step) * self.step_bytes

    def image(self) -> np.ndarray:
        """The ring's bytes after a reset."""
        old = np.ascontiguousarray(self.state.initial).view(np.int8).ravel()
        image = np.full(self.bytes, old[0], np.int8)
        image[self.first_head - self.past_bytes : self.first_head] = old
        return image


def rings(graph: Graph, views: dict[str, tuple[str, int]]) -> Iterator[Ring]:
    """``views``: tensor -> (the tensor whose bytes it has, from which byte on)."""
    for state in graph.states:
        ring = _ring(graph, state, views)
        if ring is not None:
            yield ring


def _ring(graph: Graph, state: State, views: dict[str, tuple[str, int]]) -> Ring | None:
    users = graph.consumers(state.read)
    join = users[0] if len(users) == 1 and state.read not in graph.sinks else None
    if join is None or not _joins(graph, join, state.read):
        return None
    old, new, axis = graph[state.read], join.inputs[1], join.op.axis  # type: ignore[attr-defined]
    frame = _frame_bytes(old, axis)
    n, step = old.shape[axis], graph[new].shape[axis]
    if min(n, step, frame) < 1:
        return None
    root, first = views.get(state.write, (state.write, 0))
    fresh, start = views.get(new, (new, 0))
    from_whole = root == join.name and first == step * frame
    from_new = root == fresh and step >= n and first == start + (step - n) * frame
    return Ring(state, new, join.name, frame, n, step) if from_whole or from_new else None


def _joins(graph: Graph, node: Node, old: str) -> bool:
    if not isinstance(node.op, Concatenation) or len(node.inputs) != 2 or node.inputs[0] != old:
        return False
    new = graph[node.inputs[1]]
    return node.inputs[1] != old and not new.is_constant and math.prod(graph[old].shape[: node.op.axis]) == 1


def _frame_bytes(t: Tensor, axis: int) -> int:
    return math.prod(t.shape[axis + 1 :]) * np.dtype(t.dtype).itemsize
