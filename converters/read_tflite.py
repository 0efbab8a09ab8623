"""``.tflite`` -> graph: ours or another's, as far as its operators are in ``ops/``.

A file is not trusted: whatever is wrong with it ends in one line that says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from converters.error import ConvertError
from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.ops import LEFT_OUT, Op, registry

_DTYPES = {
    schema.TensorType.FLOAT32: "float32",
    schema.TensorType.INT8: "int8",
    schema.TensorType.UINT8: "uint8",
    schema.TensorType.INT16: "int16",
    schema.TensorType.INT32: "int32",
    schema.TensorType.INT64: "int64",
    schema.TensorType.BOOL: "bool",
}
MAX_COUNT = 100_000
MAX_AXES = 8
MAX_LINE = 240


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
        return _Reader(content).graph().validate()
    except ConvertError as e:
        raise ConvertError(f"{where}: {str(e)[:MAX_LINE]}") from None
    except Exception as e:  # the generated reader fails in every way that Python knows
        what = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise ConvertError(f"{where}: damaged ({what[:MAX_LINE]}); take the file again from its source") from None


def tensor_numbers(content: bytes) -> dict[str, int]:
    """Tensor name -> its number in the file, by which interpreters know it."""
    reader = _Reader(content)
    reader.graph()
    return {name: i for i, name in enumerate(reader.names)}


def _count(n: int, what: str, most: int = MAX_COUNT) -> range:
    if not 0 <= n <= most:
        raise ConvertError(f"damaged: it claims {n:,} {what}; take the file again from its source")
    return range(n)


class _Reader:
    def __init__(self, content: bytes):
        self.size = len(content)
        self.model = schema.Model.GetRootAsModel(content, 0)
        if self.model.SubgraphsLength() != 1:
            raise ConvertError(f"{self.model.SubgraphsLength()} subgraphs; only models of one are supported")
        self.sub = self.model.Subgraphs(0)
        self.names: list[str] = []
        self.tensors: list[Tensor] = []
        self.variables: set[str] = set()
        self.states: list[State] = []

    def graph(self) -> Graph:
        for i in _count(self.sub.TensorsLength(), "tensors"):
            self.tensors.append(self._tensor(self.sub.Tensors(i), i))
        operators = [self.sub.Operators(i) for i in _count(self.sub.OperatorsLength(), "operators")]
        nodes = tuple(self._node(o) for o in operators)
        read = {i for n in nodes for i in (*n.inputs, *n.outputs)}
        ins = tuple(self._name(i) for i in self._numbers(self.sub.InputsLength, self.sub.Inputs))
        outs = tuple(self._name(i) for i in self._numbers(self.sub.OutputsLength, self.sub.Outputs))
        if not ins or not outs or not nodes:
            raise ConvertError("no inputs, outputs or operators; take the file again from its source")
        kept = {t.name: t for t in self.tensors if t.name in read or t.name in (*ins, *outs)}
        return Graph(ins, outs, nodes, kept, tuple(self.states))

    def _numbers(self, length: Callable[[], int], at: Callable[[int], int]) -> list[int]:
        return [at(i) for i in _count(length(), "numbers")]

    def _name(self, index: int) -> str:
        if index == -1:
            return ""
        if not 0 <= index < len(self.tensors):
            raise ConvertError(f"tensor {index} of {len(self.tensors)}; take the file again from its source")
        return self.tensors[index].name

    def _tensor(self, t: Any, index: int) -> Tensor:
        text = (t.Name() or b"").decode("utf-8", "replace") or f"tensor{index}"
        name = text if text not in self.names else f"{text}#{index}"
        self.names.append(name)
        if t.Type() not in _DTYPES:
            raise ConvertError(f"{name}: values of type {t.Type()}; known are {', '.join(_DTYPES.values())}")
        shape = tuple(t.Shape(i) for i in _count(t.ShapeLength(), "axes", MAX_AXES))
        dtype = _DTYPES[t.Type()]
        if t.IsVariable():
            self.variables.add(name)
        return Tensor(name, shape, dtype, self._quantization(t.Quantization()), self._data(t, name, shape, dtype))

    def _quantization(self, q: Any) -> Quantization | None:
        if q is None or q.ScaleLength() == 0:
            return None
        scales = tuple(q.Scale(i) for i in _count(q.ScaleLength(), "scales"))
        zeros = tuple(q.ZeroPoint(i) for i in _count(q.ZeroPointLength(), "zero points"))
        if not all(0 < s < 1e30 for s in scales) or len(zeros) not in (0, len(scales)):
            raise ConvertError("damaged: a scale that is not positive; take the file again from its source")
        return Quantization(scales, zeros or (0,) * len(scales), q.QuantizedDimension())

    def _data(self, t: Any, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray | None:
        if not 0 <= t.Buffer() < self.model.BuffersLength():
            raise ConvertError(f"{name}: its buffer {t.Buffer()} does not exist; take the file again from its source")
        buffer = self.model.Buffers(t.Buffer())
        if buffer is None or buffer.DataLength() == 0:
            return None
        wanted = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if buffer.DataLength() != wanted:
            raise ConvertError(f"{name}: {buffer.DataLength():,} bytes of data where {wanted:,} belong")
        return np.asarray(buffer.DataAsNumpy()).view(np.dtype(dtype)).reshape(shape)

    def _node(self, operator: Any) -> Node:
        builtin = self._builtin(operator.OpcodeIndex())
        kinds = registry()
        if builtin not in kinds:
            raise ConvertError(f"operator {builtin} is not supported; known are {', '.join(sorted(kinds))}")
        ins = [self._name(i) for i in self._numbers(operator.InputsLength, operator.Inputs)]
        outs = [self._name(i) for i in self._numbers(operator.OutputsLength, operator.Outputs)]
        by_name = {t.name: t for t in self.tensors}
        if not outs or not ins or "" in outs:
            raise ConvertError(f"{builtin}: without inputs or outputs; take the file again from its source")
        kind = kinds[builtin]
        while ins and not ins[-1]:
            ins.pop()  # a bias left out
        if "" in ins and not kind.optional_inputs:
            raise ConvertError(f"{outs[0]}: {builtin} without its input {ins.index('')}")
        args = [by_name[i] if i else LEFT_OUT for i in ins]
        op, used = kind.from_tflite(self._options(operator, kind.options), args, by_name[outs[0]], builtin)
        # Inputs before and beyond are parameters, which were read into the operator.
        lead = len(op.leading_constants())
        return Node(op, tuple(ins[lead : lead + used]), (*outs, *self._changed(kind, ins, outs[0])))

    def _changed(self, kind: type[Op], ins: list[str], name: str) -> list[str]:
        """The next values of the variables among a node's inputs; notes them as states."""
        found = []
        for i in kind.variable_inputs:
            read = ins[i] if i < len(ins) else ""
            if read not in self.variables:
                raise ConvertError(f"{name}: input {i} of {kind.builtins[0]} must be a variable tensor")
            before = next(t for t in self.tensors if t.name == read)
            after = dataclasses.replace(before, name=f"{read}:next")
            zero = before.quantization.zero_point if before.dtype == "int8" and before.quantization else 0
            self.tensors.append(after)
            self.states.append(State(read, after.name, np.full(before.shape, zero, before.dtype)))
            found.append(after.name)
        return found

    def _builtin(self, index: int) -> str:
        if not 0 <= index < self.model.OperatorCodesLength():
            raise ConvertError(f"operator code {index} does not exist; take the file again from its source")
        entry = self.model.OperatorCodes(index)
        code = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
        names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
        return names.get(code, f"number {code}")

    def _options(self, operator: Any, kind: str) -> Any:
        table = operator.BuiltinOptions()
        made = getattr(schema, kind + "T")() if kind else None
        if table is None or made is None:
            return made
        if operator.BuiltinOptionsType() != getattr(schema.BuiltinOptions, kind):
            raise ConvertError(f"options of kind {operator.BuiltinOptionsType()} where {kind} belong")
        source = getattr(schema, kind)()
        source.Init(table.Bytes, table.Pos)
        return type(made).InitFromObj(source)
