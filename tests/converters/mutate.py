"""A ``.tflite`` taken apart into the schema's objects, changed, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

OPERATORS = schema.BuiltinOperator
TYPES = schema.TensorType


def unpack(content: bytes) -> Any:
    """Numbers of tensors, shapes and scales as lists, which can be changed."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for graph in model.subgraphs:
        tables = [graph, *graph.operators, *graph.tensors, *(t.quantization for t in graph.tensors if t.quantization)]
        for table in tables:
            for name, value in vars(table).items():
                if isinstance(value, np.ndarray):
                    setattr(table, name, value.tolist())
    return model


def pack(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    model = unpack(content)
    change(model)
    return pack(model)


def of_kind(model: Any, *kinds: int) -> list[Any]:
    """The main subgraph's operators of these kinds."""
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return [o for o in model.subgraphs[0].operators if codes[o.opcodeIndex] in kinds]


def renamed_kind(model: Any, old: int, new: int, custom: bytes | None = None) -> None:
    """Operators of kind ``old`` become ``new``."""
    for code in model.operatorCodes:
        if max(code.builtinCode, code.deprecatedBuiltinCode) == old:
            code.builtinCode, code.deprecatedBuiltinCode, code.customCode = new, min(new, 127), custom
