"""What a ``.tflite`` holds, every number of it checked, and nothing of it interpreted.

Numbers of fields are those of TensorFlow Lite's schema (``schema.fbs``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from converters.error import ConvertError
from converters.flatbuffer import REMEDY, Content, Table, damaged
from converters.graph import Shape

MAX_AXES = 8
MAX_SUBGRAPHS = 64
MAX_TENSORS = 20_000
MAX_OPERATORS = 5_000
MAX_BUFFERS = 50_000
MAX_OPERANDS = 200_000
"""Inputs and outputs of all operators."""
MAX_TENSOR_BYTES = 1 << 28
MAX_EMPTY = 1 << 16
"""Product of the other axes of a tensor with an axis of length 0."""
_ITEM_BYTES = {"INT64": 8, "UINT64": 8, "FLOAT64": 8, "FLOAT32": 4, "INT32": 4, "UINT32": 4, "RESOURCE": 4} | {
    "INT8": 1, "UINT8": 1, "BOOL": 1, "INT16": 2, "UINT16": 2, "FLOAT16": 2
}  # fmt: skip


@dataclass(frozen=True)
class TensorEntry:
    number: int
    name: str
    type: str
    """TensorType's name."""
    shape: Shape
    signature: Shape
    """The shape with -1 where it was unknown when the model was made; () when that is not said."""
    data: np.ndarray | None
    """uint8, not copied; None when the buffer is empty."""
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    is_variable: bool
    oddity: str
    """What makes the tensor unfit to be read, such as sparsity; '' when nothing does."""


@dataclass(frozen=True)
class OperatorEntry:
    number: int
    builtin: str
    """BuiltinOperator's name, or ``CUSTOM`` and the custom code."""
    inputs: tuple[int, ...]
    """Numbers of tensors, -1 for one left out."""
    outputs: tuple[int, ...]
    options_type: int
    options: Table | None

    def unpack(self, kind: str) -> Any:
        """The options as the schema's object ``<kind>T``; its defaults when the file has none."""
        made = getattr(schema, kind + "T")() if kind else None
        if self.options is None or made is None:
            return made
        if self.options_type != getattr(schema.BuiltinOptions, kind):
            raise ConvertError(f"damaged: options of kind {self.options_type} where {kind} belong; {REMEDY}")
        source = getattr(schema, kind)()
        source.Init(self.options.content.data, self.options.at)
        return type(made).InitFromObj(source)


@dataclass(frozen=True)
class SubgraphEntry:
    name: str
    tensors: tuple[TensorEntry, ...]
    operators: tuple[OperatorEntry, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def open_tflite(data: bytes) -> list[SubgraphEntry]:
    """Raises ConvertError for bytes that are no consistent file."""
    return _File(Content(data)).subgraphs()


@cache
def _names(enum: str) -> dict[int, str]:
    return {v: k for k, v in vars(getattr(schema, enum)).items() if isinstance(v, int)}


class _File:
    def __init__(self, content: Content):
        self.root = content.root()
        self.codes = [_builtin(t) for t in self.root.tables(1, MAX_OPERATORS, "operator codes")]
        self.buffers = list(self.root.tables(4, MAX_BUFFERS, "buffers"))
        self.operands = 0

    def subgraphs(self) -> list[SubgraphEntry]:
        found = [self._subgraph(t) for t in self.root.tables(2, MAX_SUBGRAPHS, "subgraphs")]
        for entry in self.root.tables(6, MAX_BUFFERS, "metadata"):
            entry.text(0)
            self._buffer(entry.whole(1, "I"))
        if not found:
            raise damaged("no subgraph")
        return found

    def _subgraph(self, table: Table) -> SubgraphEntry:
        tensors = [self._tensor(t, i) for i, t in enumerate(table.tables(0, MAX_TENSORS, "tensors"))]
        operators = [self._operator(t, i) for i, t in enumerate(table.tables(3, MAX_OPERATORS, "operators"))]
        ins, outs = (self._numbers(table, slot) for slot in (1, 2))
        for number in (*ins, *outs, *(n for o in operators for n in (*o.inputs, *o.outputs))):
            if not -1 <= number < len(tensors):
                raise damaged(f"tensor {number} of {len(tensors)}")
        if -1 in (*ins, *outs, *(n for o in operators for n in o.outputs)):
            raise damaged("an output, or an input of the model, that is left out")
        return SubgraphEntry(table.text(4) or "", tuple(tensors), tuple(operators), ins, outs)

    def _numbers(self, table: Table, slot: int) -> tuple[int, ...]:
        numbers = tuple(table.listed(slot, "int32"))
        self.operands += len(numbers)
        if self.operands > MAX_OPERANDS:
            raise damaged(f"it claims more than {MAX_OPERANDS:,} inputs and outputs")
        return numbers

    def _operator(self, table: Table, number: int) -> OperatorEntry:
        code = table.whole(0, "I")
        if code >= len(self.codes):
            raise damaged(f"operator code {code} of {len(self.codes)}")
        ins, outs = self._numbers(table, 1), self._numbers(table, 2)
        return OperatorEntry(number, self.codes[code], ins, outs, table.whole(3, "B"), table.table(4))

    def _buffer(self, number: int) -> np.ndarray | None:
        if number >= len(self.buffers):
            raise damaged(f"buffer {number} of {len(self.buffers)}")
        data = self.buffers[number].numbers(0, "uint8")
        return data if data is not None and len(data) else None

    def _tensor(self, table: Table, number: int) -> TensorEntry:
        name = table.text(3) or f"tensor{number}"
        shape, signature = (_shape(table.listed(slot, "int32"), name) for slot in (0, 7))
        kind = _names("TensorType").get(table.whole(1, "b"), f"type {table.whole(1, 'b')}")
        data, held = self._buffer(table.whole(2, "I")), math.prod(shape) * _ITEM_BYTES.get(kind, 0)
        if held > MAX_TENSOR_BYTES:
            raise damaged(f"{name}: {held:,} bytes, more than {MAX_TENSOR_BYTES:,}")
        # Nothing is held then, yet a sum along the empty axis has as many values as the others say.
        if 0 in shape and math.prod(n or 1 for n in shape) > MAX_EMPTY:
            raise damaged(f"{name}: nothing in a shape of {list(shape)}")
        oddity = self._oddity(table, kind)
        if data is not None and len(data) != held and not oddity:
            raise ConvertError(f"{name}: {len(data):,} bytes of data where {held:,} belong; {REMEDY}")
        scales, zeros, axis = _quantization(table.table(4), name)
        variable = bool(table.whole(5, "B"))
        return TensorEntry(number, name, kind, shape, signature, data, scales, zeros, axis, variable, oddity)

    def _oddity(self, table: Table, kind: str) -> str:
        buffer = self.buffers[table.whole(2, "I")]
        if kind not in _ITEM_BYTES:
            return f"{kind} values"
        if table.table(6) is not None:
            return "sparse values; store them densely"
        if table.whole(10, "I"):
            return "data in another file; convert to one file"
        # Small offsets are 0 and 1 by convention: none.
        if buffer.whole(1, "Q") > 1 or buffer.whole(2, "Q") > 1:
            return "data after the end of the flatbuffer; convert to a file of less than 2 GB"
        return ""


def _builtin(table: Table) -> str:
    """Old writers know only the byte, new ones write the larger of the two."""
    code = max(table.whole(3, "i"), table.whole(0, "b"))
    custom = table.text(1)
    name = _names("BuiltinOperator").get(code, f"number {code}")
    return f"CUSTOM {custom or 'without a name'}" if name == "CUSTOM" else name


def _shape(values: Sequence[int], name: str) -> Shape:
    if len(values) > MAX_AXES:
        raise damaged(f"{name}: {len(values)} axes, more than {MAX_AXES}")
    return tuple(values)


def _quantization(table: Table | None, name: str) -> tuple[tuple[float, ...], tuple[int, ...], int]:
    """(scales, as many zero points, axis); no scales without zero points, as interpreters have it."""
    if table is None:
        return (), (), 0
    scales, zeros = tuple(map(float, table.listed(2, "float32"))), tuple(table.listed(3, "int64"))
    if not scales or not zeros:
        return (), (), 0
    if len(zeros) not in (1, len(scales)):
        raise damaged(f"{name}: {len(zeros)} zero points for {len(scales)} scales")
    if not all(math.isfinite(s) and s > 0 for s in scales):
        raise ConvertError(f"{name}: a scale that is not positive; {REMEDY}")
    return scales, zeros * (len(scales) // len(zeros)), table.whole(6, "i")
