"""A bundle's step graph, whose states are inputs and outputs, with states of its own.

Inputs are frames, state 0, state 1, ...; outputs scores, state 0, state 1, ...; a state starts as its zero point.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph, State, Tensor


def external_states(graph: Graph) -> Graph:
    """The graph from its first input to its first output; the others become states, in pairs.

    Raises ConvertError when they are no pairs of one shape and quantization.
    """
    reads, writes = graph.inputs[1:], graph.outputs[1:]
    if len(reads) != len(writes):
        raise ConvertError(
            f"{len(reads)} states in and {len(writes)} out; a stream takes frames and states and gives scores and "
            "as many states"
        )
    for read, write in zip(reads, writes, strict=True):
        a, b = graph[read], graph[write]
        if (a.shape, a.dtype, a.quantization) != (b.shape, b.dtype, b.quantization):
            raise ConvertError(f"state {read}: {_said(a)} in, {write} of {_said(b)} out; convert the stream again")
    states = tuple(State(r, w, _zero(graph[r])) for r, w in zip(reads, writes, strict=True))
    return dataclasses.replace(
        graph, inputs=graph.inputs[:1], outputs=graph.outputs[:1], states=(*graph.states, *states)
    ).validate()


def _said(t: Tensor) -> str:
    scale = f", scale {t.q.scale:.6g}, zero point {t.q.zero_point}" if t.quantization else ""
    return f"{t.dtype} {list(t.shape)}{scale}"


def _zero(t: Tensor) -> np.ndarray:
    return np.full(t.shape, t.q.zero_point, t.dtype)
