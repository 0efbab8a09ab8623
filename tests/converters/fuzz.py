"""Mutations of ``.tflite`` files, and what must hold of every one of them.

A file is refused in one line, or it is a graph whose integer reference is TFLM's result. TFLM trusts its files
and may die of one: it runs in a process of its own.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from mutate import TYPES, pack, unpack
from real_models import random_inputs

from converters.emit.c import emit
from converters.error import ConvertError
from converters.graph import Graph
from converters.ops import registry
from converters.plan import plan
from converters.read_tflite import parse
from converters.run import run_steps
from converters.target import target
from converters.tflite_file import open_tflite

MAX_PARSE_S = 2.0
MAX_BYTES, MAX_MACS = 1 << 20, 10_000_000
STEPS = 2


def require_refused_or_right(content: bytes, judge: Judge) -> str:
    """What became of a file: 'refused', 'large', 'no code', 'TFLM refuses' or 'equal'."""
    start = time.process_time()
    try:
        graph = parse(content, "x.tflite")
    except ConvertError as e:
        assert str(e).startswith("x.tflite: ") and str(e).isprintable()
        return "refused"
    finally:
        assert time.process_time() - start < MAX_PARSE_S
    if sum(math.prod(t.shape) for t in graph.tensors.values()) > MAX_BYTES or graph.macs() > MAX_MACS:
        return "large"
    planned = _planned(graph)
    steps = list(random_inputs(graph, STEPS))
    try:
        wanted = list(run_steps(graph, steps))
    except ConvertError:
        assert not planned, "compiled, but not computed"
        return "no code"
    try:
        found = judge.run(content, len(graph.outputs), steps)
    except AssertionError:
        # A bias that is said to be left out kills some of TFLM's kernels; one that is not mentioned does not.
        if any(-1 in o.inputs for s in open_tflite(content) for o in s.operators):
            return "TFLM dies"
        raise
    if found is None:
        return "TFLM refuses"
    for a, b in zip((x for w in wanted for x in w), (x for f in found for x in f), strict=True):
        np.testing.assert_array_equal(np.ravel(a), np.ravel(b))
    return "equal"


def _planned(graph: Graph) -> bool:
    try:
        return bool(emit(plan(graph, target("host"))))
    except ConvertError as e:
        assert "\n" not in str(e)
        return False


class Judge:
    """TFLM in another process, which is started again when a file kills it."""

    def __init__(self) -> None:
        self.process: Any = None
        self.pipe: Any = None

    def run(self, content: bytes, outputs: int, steps: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]] | None:
        """None when TFLM refuses the file; raises AssertionError when it dies of it."""
        if self.process is None or not self.process.is_alive():
            self._start()
        self.pipe.send((content, outputs, steps))
        try:
            assert self.pipe.poll(30), "TFLM does not come back from a file that was accepted"
            found: list[list[np.ndarray]] | None = self.pipe.recv()
        except EOFError:
            self.process.join()
            raise AssertionError(f"TFLM dies ({self.process.exitcode}) of a file that was accepted") from None
        except AssertionError:
            self.close()
            raise
        return found

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


def serve(pipe: Connection) -> None:
    from converters.interpreters import Tflm

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TFLM explains each refusal
    with contextlib.suppress(EOFError):
        while True:
            content, outputs, steps = pipe.recv()
            try:
                tflm = Tflm(content, outputs)
                pipe.send([tflm.run(inputs) for inputs in steps])
            except Exception:  # its Python side refuses files, too, in its own ways
                pipe.send(None)


def flipped(content: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, cut, doubled or moved."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, to = rng.randrange(8, len(data)), rng.randrange(8, len(data))
        kind = rng.random()
        if kind < 0.6:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind < 0.8:
            data[at : at + 4] = rng.choice((data[to : to + 4], (1 << rng.randrange(32)).to_bytes(4, "little")))
        elif kind < 0.9:
            data[at : at + rng.randint(1, 64)] = data[to : to + rng.randint(0, 64)]
        elif kind < 0.93:
            return bytes(data[:at])
    return bytes(data)


def rearranged(content: bytes, rng: random.Random) -> bytes:
    """Some numbers of the schema's objects changed: the file stays whole, its meaning does not."""
    model = unpack(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_CHANGES)(model, rng)
    return pack(model)


def _any_tensor(m: Any, rng: random.Random) -> Any:
    return rng.choice(rng.choice(m.subgraphs).tensors)


def _any_operator(m: Any, rng: random.Random) -> Any:
    return rng.choice(rng.choice([g for g in m.subgraphs if g.operators]).operators)


def _input(m: Any, rng: random.Random) -> None:
    numbers = [n for o in (_any_operator(m, rng),) for n in (o.inputs, o.outputs)]
    chosen = rng.choice([n for n in numbers if n] or [[0]])
    chosen[rng.randrange(len(chosen))] = rng.randrange(-1, len(m.subgraphs[0].tensors))


def _inputs(m: Any, rng: random.Random) -> None:
    numbers = _any_operator(m, rng).inputs
    if rng.random() < 0.5 and numbers:
        del numbers[rng.randrange(len(numbers))]
    elif numbers is not None:
        numbers.insert(rng.randrange(len(numbers) + 1), rng.randrange(-1, len(m.subgraphs[0].tensors)))


def _shape(m: Any, rng: random.Random) -> None:
    t = _any_tensor(m, rng)
    if t.shape:
        axis = rng.randrange(len(t.shape))
        t.shape[axis] = rng.choice((0, 1, -1, t.shape[axis] + 1, t.shape[axis] * 2, t.shape[axis] // 2))
        if rng.random() < 0.2:
            rng.shuffle(t.shape)
        if rng.random() < 0.2:
            t.shape.insert(axis, 1)


def _type(m: Any, rng: random.Random) -> None:
    kinds = [TYPES.INT8, TYPES.UINT8, TYPES.INT16, TYPES.INT32, TYPES.INT64, TYPES.BOOL, TYPES.FLOAT32, TYPES.RESOURCE]
    _any_tensor(m, rng).type = rng.choice(kinds)


def _scale(m: Any, rng: random.Random) -> None:
    q = _any_tensor(m, rng).quantization
    if q is not None and q.scale:
        i = rng.randrange(len(q.scale))
        q.scale[i] = rng.choice((q.scale[i] * 2.0 ** rng.randint(-40, 40), 1e-38, 1e38, q.scale[i] * 1.37))
        if rng.random() < 0.2:
            del q.scale[i]


def _zero(m: Any, rng: random.Random) -> None:
    q = _any_tensor(m, rng).quantization
    if q is not None and q.zeroPoint:
        q.zeroPoint[rng.randrange(len(q.zeroPoint))] = rng.choice((0, 1, -128, 127, 128, 255, -1))
        q.quantizedDimension = rng.randint(-1, 4)


def _no_quantization(m: Any, rng: random.Random) -> None:
    _any_tensor(m, rng).quantization = rng.choice((None, _any_tensor(m, rng).quantization))


def _option(m: Any, rng: random.Random) -> None:
    options = _any_operator(m, rng).builtinOptions
    fields = [k for k, v in vars(options or object).items() if isinstance(v, int | float)] if options else []
    if fields:
        name = rng.choice(fields)
        setattr(options, name, type(getattr(options, name))(rng.choice((0, 1, 2, 3, 5, 100))))


def _kind(m: Any, rng: random.Random) -> None:
    if rng.random() < 0.5:
        _any_operator(m, rng).opcodeIndex = rng.randrange(len(m.operatorCodes))
        return
    from mutate import OPERATORS

    code = rng.choice(m.operatorCodes)
    code.builtinCode = getattr(OPERATORS, rng.choice(sorted(registry())))
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)


def _order(m: Any, rng: random.Random) -> None:
    operators = m.subgraphs[0].operators
    i, j = (rng.randrange(len(operators)) for _ in range(2))
    if rng.random() < 0.5:
        operators[i], operators[j] = operators[j], operators[i]
    elif len(operators) > 1:
        del operators[i]


def _buffer(m: Any, rng: random.Random) -> None:
    a, b = _any_tensor(m, rng), _any_tensor(m, rng)
    if rng.random() < 0.5:
        a.buffer = b.buffer
        return
    data = m.buffers[a.buffer].data
    if data is not None and len(data):
        data = np.array(data, np.uint8)
        data[rng.randrange(len(data))] = rng.choice((0, 1, 2, 255, 127, 128, rng.randrange(256)))
        m.buffers[a.buffer].data = data


def _ports(m: Any, rng: random.Random) -> None:
    numbers = rng.choice((m.subgraphs[0].inputs, m.subgraphs[0].outputs))
    numbers[rng.randrange(len(numbers))] = rng.randrange(len(m.subgraphs[0].tensors))


def _variable(m: Any, rng: random.Random) -> None:
    t = _any_tensor(m, rng)
    t.isVariable = not t.isVariable


_CHANGES: list[Callable[[Any, random.Random], None]] = [
    _input, _inputs, _shape, _type, _scale, _zero, _no_quantization, _option, _option, _kind, _order, _buffer, _buffer,
    _ports, _variable,
]  # fmt: skip
