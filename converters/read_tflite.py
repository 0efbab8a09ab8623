"""``.tflite`` -> graph: ours or another's, as far as its operators are in ``ops/``.

A file is not trusted: whatever is wrong with it ends in one line that says so. What is read runs as TFLM runs it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from converters.defined import require_defined
from converters.error import ConvertError
from converters.flatbuffer import REMEDY
from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.ops import LEFT_OUT, Op, registry
from converters.ops.window import Windowed
from converters.passes.variables import VARIABLE_OPERATORS, resolve_variables
from converters.supported import require_supported
from converters.tflite_file import OperatorEntry, SubgraphEntry, TensorEntry, open_tflite

_DTYPES = {"FLOAT32": "float32", "RESOURCE": "resource"} | {
    kind.upper(): kind for kind in ("int8", "uint8", "int16", "int32", "int64", "bool")
}
_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
MAX_PARAMETERS = 1 << 20
"""Whole-number constants given to all operators."""
MAX_LINE = 1200


def read_tflite(path: Path) -> Graph:
    """Raises ConvertError for a file that is damaged or has an operator that is not supported."""
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ConvertError(f"{path}: cannot be read ({e.strerror})") from None
    return parse(content, str(path))


def parse(content: bytes, where: str = "model") -> Graph:
    """The same for the file's content."""
    if content[4:8] != b"TFL3":
        raise ConvertError(f"{where}: not a TFLite file ({len(content):,} bytes, no TFL3 mark)")
    try:
        return _graph(open_tflite(content))
    except ConvertError as e:
        raise ConvertError(f"{where}: {_line(str(e))}") from None
    except Exception as e:  # operators' own readers may trip over anything
        raise ConvertError(f"{where}: damaged ({_line(str(e) or type(e).__name__)}); {REMEDY}") from None


def _line(text: str) -> str:
    """Fit for a terminal, whatever the file's names are."""
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_LINE])


def tensor_numbers(content: bytes) -> dict[str, int]:
    """Tensor name -> its number in the file's first subgraph, by which interpreters know it."""
    return {name: i for i, name in enumerate(_unique(open_tflite(content)[0].tensors))}


def _graph(subgraphs: list[SubgraphEntry]) -> Graph:
    main = subgraphs[0]
    called = sorted({o.unpack("CallOnceOptions").initSubgraphIndex for o in main.operators if o.builtin == "CALL_ONCE"})
    if any(not 0 < i < len(subgraphs) for i in called):
        raise ConvertError(f"damaged: it calls subgraphs {called} of {len(subgraphs)}; {REMEDY}")
    require_supported([main, *(subgraphs[i] for i in called)])
    for i, other in enumerate(subgraphs[1:], 1):
        if i not in called:
            raise ConvertError(
                f"{len(subgraphs)} subgraphs, of which number {i} ({other.name[:60]}) is not called by the first; "
                "export one signature"
            )
    if not main.inputs or not main.outputs or not main.operators:
        raise ConvertError(f"no inputs, outputs or operators; {REMEDY}")
    inits = {i: _Builder(subgraphs[i]).graph() for i in called}
    graph = resolve_variables(_Builder(main).graph(), inits).validate()
    _require_ports(graph)
    return graph


def _require_ports(graph: Graph) -> None:
    """Inputs and outputs are places that a caller can fill and read."""
    if len(set(graph.inputs)) < len(graph.inputs):
        raise ConvertError(f"an input is listed twice; {REMEDY}")
    for name in (*graph.inputs, *graph.outputs):
        if graph[name].dtype == "resource":
            raise ConvertError(f"{name}: a variable's handle as an input or output of the model; remove it")
        if graph[name].is_constant:
            raise ConvertError(f"{name}: an input or output of the model that is constant; remove it")


def _unique(tensors: Iterable[TensorEntry]) -> list[str]:
    """Names, with the number where several tensors have the same."""
    taken: set[str] = set()
    found = []
    for t in tensors:
        name = t.name if t.name not in taken else f"{t.name}#{t.number}"
        while name in taken:
            name += "'"
        taken.add(name)
        found.append(name)
    return found


class _Builder:
    """One subgraph's entries as nodes over tensors."""

    def __init__(self, sub: SubgraphEntry):
        self.sub = sub
        self.names = _unique(sub.tensors)
        self.variables = {self.names[t.number] for t in sub.tensors if t.is_variable}
        self.tensors: dict[str, Tensor] = {}
        self.states: list[State] = []
        self.known = set(sub.inputs)
        """What is computed by now."""
        self.computed = {n for o in sub.operators for n in o.outputs} | set(sub.inputs)
        self.parameters = 0

    def graph(self) -> Graph:
        ins = tuple(self.tensor(i).name for i in self.sub.inputs)
        nodes = tuple(self.node(o) for o in self.sub.operators)
        if any(self.names[i] in self.variables for i in self.sub.inputs):
            raise ConvertError(f"an input of the model that is a variable tensor; {REMEDY}")
        states = {s.read: s.write for s in self.states}
        outs = tuple(states.get(name, name) for name in (self.tensor(i).name for i in self.sub.outputs))
        self.require_known_lengths()
        named = {*ins, *outs, *(name for n in nodes for name in (*n.inputs, *n.outputs))}
        kept = {k: t for k, t in self.tensors.items() if k in named}
        return Graph(ins, outs, nodes, kept, tuple(self.states))

    def require_known_lengths(self) -> None:
        for entry in (self.sub.tensors[i] for i in self.sub.inputs):
            # Converters write 1 where they know nothing; along the first axis that is the batch.
            unknown = [a for a, n in enumerate(entry.signature) if n < 0 and a and entry.shape[a : a + 1] == (1,)]
            if unknown:
                raise ConvertError(
                    f"{entry.name}: its shape {list(entry.signature)} has an axis of unknown length; "
                    "fix the input's shape and convert again"
                )

    def tensor(self, number: int) -> Tensor:
        """The tensor, checked when first asked for."""
        name = self.names[number]
        if name not in self.tensors:
            self.tensors[name] = self._checked(self.sub.tensors[number], name)
        return self.tensors[name]

    def _checked(self, entry: TensorEntry, name: str) -> Tensor:
        if entry.oddity or entry.type not in _DTYPES:
            raise ConvertError(f"{name}: {entry.oddity or entry.type + ' values'}: not supported")
        dtype, empty = _DTYPES[entry.type], 0 in entry.shape and entry.number not in self.computed
        if any(n < 1 for n in entry.shape) and not empty:
            raise ConvertError(f"{name}: its shape {list(entry.shape)} is unknown or empty; fix the input's shape")
        if entry.data is not None and entry.number in self.computed:
            raise ConvertError(f"{name}: constant, yet computed or an input; {REMEDY}")
        data = np.zeros(entry.shape, dtype) if empty else None
        if entry.data is not None:
            data = entry.data.view(np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False).reshape(entry.shape)
        return Tensor(name, entry.shape, dtype, _quantization(entry, name, dtype), data)

    def node(self, entry: OperatorEntry) -> Node:
        kind = registry()[entry.builtin]
        numbers = list(entry.inputs)
        while numbers and numbers[-1] == -1 and not kind.optional_inputs:
            numbers.pop()  # a bias left out
        if -1 in numbers and not kind.optional_inputs:
            raise ConvertError(f"operator {entry.number} ({entry.builtin}): without input {numbers.index(-1)}")
        for i in numbers:
            if i in self.computed and i not in self.known:
                raise ConvertError(f"{self.names[i]}: operator {entry.number} reads it before anything computes it")
        for i in entry.outputs:
            if i in self.known:
                raise ConvertError(f"{self.names[i]}: computed twice, by operator {entry.number} too")
            self.known.add(i)
        args = [self.tensor(i) if i >= 0 else LEFT_OUT for i in numbers]
        outs = [self.tensor(i) for i in entry.outputs]
        self._require_fit(kind, entry, args, outs)
        first = outs[0] if outs else LEFT_OUT
        op, used = kind.from_tflite(entry.unpack(kind.options), args, first, entry.builtin)
        # Inputs before and beyond are parameters, which were read into the operator.
        lead = len(op.leading_constants())
        kept = tuple(a.name for a in args[lead : lead + used])
        changed = self._changed(kind, numbers, first.name)
        node = Node(op, kept, (*(o.name for o in outs), *changed))
        if not kind.variable_inputs and not kind.arity[0] <= len(kept) <= kind.arity[1]:
            raise ConvertError(f"{first.name}: {entry.builtin} of {len(kept)} inputs; it takes {kind.arity[0]}")
        _require_batch(node, args)
        require_defined(node, [self.tensors[k] for k in kept if k], [self.tensors[o] for o in node.outputs])
        return node

    def _require_fit(self, kind: type[Op], entry: OperatorEntry, args: list[Tensor], outs: list[Tensor]) -> None:
        layer = f"{outs[0].name if outs else 'operator ' + str(entry.number)} ({entry.builtin})"
        for i, t in enumerate(args):
            if t.is_constant and t.dtype in ("int32", "int64"):
                self.parameters += t.values.size
            if t.name in self.variables and i not in kind.variable_inputs:
                raise ConvertError(f"{layer}: reads the variable tensor {t.name}, which this operator does not own")
            self._align(kind, t, i)
        if self.parameters > MAX_PARAMETERS:
            raise ConvertError(f"{layer}: more than {MAX_PARAMETERS:,} whole-number constants; {REMEDY}")
        data = [a for i, a in enumerate(args) if i not in kind.variable_inputs]
        moved = {t.dtype for t in (*data, *outs) if not t.is_constant and t is not LEFT_OUT}
        if kind.any_dtype and kind.keeps_scale and len(moved) > 1:
            raise ConvertError(f"{layer}: from and to {', '.join(sorted(moved))}, where values only move; {REMEDY}")
        for t in (*data, *outs):
            whole = t.dtype == "int8" or t.is_constant and t.dtype in ("int32", "int64") or t is LEFT_OUT
            if t.dtype == "resource" and not issubclass(kind, VARIABLE_OPERATORS):
                raise ConvertError(f"{layer}: {t.name} is a variable's handle, which is no value; {REMEDY}")
            if not whole and not kind.any_dtype:
                raise ConvertError(f"{layer}: {t.name} is {t.dtype}; only int8 is computed: convert to int8")

    def _align(self, kind: type[Op], t: Tensor, position: int) -> None:
        """Interpreters take the axis of scales per channel from the operator, whatever the file says."""
        q = t.quantization
        if q is None or not q.per_channel:
            return
        wanted = kind.weight_axis if position == 1 and kind.weight_axis is not None else q.axis
        fits = [a for a in (wanted, *range(len(t.shape))) if 0 <= a < len(t.shape) and t.shape[a] == len(q.scales)]
        if not t.is_constant:
            raise ConvertError(
                f"{t.name}: {len(q.scales)} scales, yet no constant; only weights have scales per channel"
            )
        if not fits:
            raise ConvertError(f"{t.name}: {len(q.scales)} scales for the shape {list(t.shape)}; {REMEDY}")
        self.tensors[t.name] = dataclasses.replace(t, quantization=dataclasses.replace(q, axis=fits[0]))

    def _changed(self, kind: type[Op], numbers: list[int], layer: str) -> list[str]:
        """Names of the next values of a node's variables; notes them as states."""
        found = []
        for i in kind.variable_inputs:
            if i >= len(numbers) or numbers[i] < 0 or self.names[numbers[i]] not in self.variables:
                raise ConvertError(f"{layer}: input {i} of {kind.builtins[0]} is no variable tensor; {REMEDY}")
            before = self.tensor(numbers[i])
            if before.name in (s.read for s in self.states):
                raise ConvertError(f"{before.name}: a variable tensor of two operators; give each its own")
            after = dataclasses.replace(before, name=f"{before.name}:next")
            zero = before.q.zero_point & 255 if before.dtype == "int8" else 0
            self.tensors[after.name] = after
            self.states.append(State(before.name, after.name, State.filled(before, zero, self.states)))
            found.append(after.name)
        return found


def _quantization(entry: TensorEntry, name: str, dtype: str) -> Quantization | None:
    low, high = _RANGES.get(dtype, (-(2**31), 2**31 - 1))
    if not entry.scales:
        if dtype in _RANGES:
            raise ConvertError(f"{name}: {dtype} without a scale and zero point; convert again with quantization")
        return None
    if not all(low <= z <= high for z in entry.zero_points):
        raise ConvertError(f"{name}: a zero point outside {low}..{high}; {REMEDY}")
    axis = entry.axis if len(entry.scales) > 1 else 0
    return Quantization(entry.scales, entry.zero_points, axis)


def _require_batch(node: Node, args: list[Tensor]) -> None:
    if isinstance(node.op, Windowed) and len(args[0].shape) == 4 and args[0].shape[0] != 1:
        raise ConvertError(f"{node.name}: a batch of {args[0].shape[0]}; export the model with a batch of 1")
