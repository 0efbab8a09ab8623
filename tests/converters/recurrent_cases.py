"""Random cases of the operators that remember; see ``op_cases``."""

from __future__ import annotations

import dataclasses

import numpy as np
from draw import Case, Draw

from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.ops.svdf.op import Svdf
from converters.ops.unidirectional_sequence_lstm.op import UnidirectionalSequenceLstm


def svdf(d: Draw) -> Case:
    batch, features, memory, units, rank = (d.whole(1, n) for n in (2, 20, 10, 8, 3))
    width = "int16" if d.seed % 3 else "int8"
    limit = 2000 if d.seed % 3 else 127
    over_time = d.rng.integers(-limit, limit + 1, (units * rank, memory)).astype(width)
    state_q = Quantization.of(0.01 if width == "int8" else 1e-4, d.whole(-9, 9) if width == "int8" else 0)
    time_q = Quantization.of(0.001)
    bias_q = Quantization.of(float(np.float32(state_q.scale) * np.float32(time_q.scale)))
    state = Tensor("s", (batch, units * rank * memory), width, state_q)
    tensors = [
        Tensor("x", (batch, features), "int8", d.quantization()),
        dataclasses.replace(d.weights((units * rank, features), 0, 1), name="feature"),
        Tensor.constant("time", over_time, time_q),
        Tensor.constant("b", d.bias(units).values, bias_q),
        state,
    ]
    y = Tensor("y", (batch, units), "int8", Quantization.of(0.01, d.whole(-128, 127)))
    outs = [y, dataclasses.replace(state, name="s:next")]
    node = Node(Svdf(rank), tuple(t.name for t in tensors), tuple(t.name for t in outs))
    start = np.full(state.shape, state_q.zero_point, width)
    graph = Graph(("x",), ("y",), (node,), {t.name: t for t in [*tensors, *outs]}, (State("s", "s:next", start),))
    return Case(graph, [d.values((batch, features))])


def unidirectional_sequence_lstm(d: Draw) -> Case:
    batch, times, features, size = (d.whole(1, n) for n in (2, 5, 12, 9))
    x_q, h_q = d.quantization(), Quantization.of(1 / 128, d.whole(-9, 9))
    kinds = {"w": features, "r": size}
    weights = [
        dataclasses.replace(d.weights((size, n), 0, 1), name=f"{kind}{gate}")
        for kind, n in kinds.items()
        for gate in range(4)
    ]
    biases = [dataclasses.replace(d.bias(size), name=f"b{gate}") for gate in range(4)]
    hidden = Tensor("h", (batch, size), "int8", h_q)
    cell = Tensor("c", (batch, size), "int16", Quantization.of(2.0 ** -(9 + d.seed % 7)))
    op = UnidirectionalSequenceLstm(2.5 if d.seed % 3 == 0 else 0.0, d.seed % 2 == 1)
    lead = (times, batch) if op.time_major else (batch, times)
    x, y = Tensor("x", (*lead, features), "int8", x_q), Tensor("y", (*lead, size), "int8", h_q)
    names = ["x", *(t.name for t in weights), *[""] * 3, *(t.name for t in biases), "", "", "h", "c", *[""] * 4]
    outs = [y, *(dataclasses.replace(t, name=f"{t.name}:next") for t in (hidden, cell))]
    tensors = {t.name: t for t in [x, *weights, *biases, hidden, cell, *outs]}
    zeros = [State(t.name, f"{t.name}:next", np.full(t.shape, t.q.zero_point, t.dtype)) for t in (hidden, cell)]
    node = Node(op, tuple(names), tuple(t.name for t in outs))
    return Case(Graph(("x",), ("y",), (node,), tensors, tuple(zeros)), [d.values(x.shape)])
