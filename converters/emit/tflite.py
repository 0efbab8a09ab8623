"""Int8 graph -> ``.tflite``, written directly: no converter in between that would add operators.

Equal vectors are stored once (a flatbuffer may share them), names are short and there is no metadata:
most of the file is the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from converters.emit.variables import with_variables
from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops import LEFT_OUT
from converters.passes.explicit_pad import explicit_pad

VERSION = 3
_TYPES = {
    "float32": "FLOAT32",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "bool": "BOOL",
    "resource": "RESOURCE",
}


def emit(graph: Graph) -> bytes:
    """The file's content."""
    main, init = with_variables(explicit_pad(graph).validate())
    return emit_subgraphs([main] if init is None else [main, init])


def emit_subgraphs(graphs: Sequence[Graph]) -> bytes:
    """A file of these graphs as they are; the first is the main one."""
    return _Writer().model(graphs)


@dataclass
class _Writer:
    """What the subgraphs of a file share."""

    fbb: Any = field(default_factory=lambda: flatbuffers.Builder(1 << 16))
    shared: dict[Any, int] = field(default_factory=dict)
    buffers: list[int] = field(default_factory=list)
    buffer_index: dict[bytes, int] = field(default_factory=dict)
    codes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Operator name -> (number, version)."""

    def model(self, graphs: Sequence[Graph]) -> bytes:
        self._empty_buffer()
        written = [_Subgraph(self, g).write() for g in graphs]
        codes = self.offsets([self._code(b, v) for b, (_, v) in self.codes.items()])
        subgraphs, buffers = self.offsets(written), self.offsets(self.buffers)
        f = self.fbb
        schema.ModelStart(f)
        schema.ModelAddVersion(f, VERSION)
        schema.ModelAddOperatorCodes(f, codes)
        schema.ModelAddSubgraphs(f, subgraphs)
        schema.ModelAddBuffers(f, buffers)
        f.Finish(schema.ModelEnd(f), file_identifier=b"TFL3")
        return bytes(f.Output())

    def _once(self, key: Any, make: Callable[[], int]) -> int:
        if key not in self.shared:
            self.shared[key] = make()
        return self.shared[key]

    def vector(self, values: Any, dtype: str) -> int:
        array = np.asarray(values, dtype)
        return self._once((dtype, array.tobytes()), lambda: self.fbb.CreateNumpyVector(array))

    def string(self, text: str) -> int:
        return self._once(text, lambda: self.fbb.CreateString(text))

    def offsets(self, offsets: Sequence[int]) -> int:
        self.fbb.StartVector(4, len(offsets), 4)
        for o in reversed(offsets):
            self.fbb.PrependUOffsetTRelative(o)
        return int(self.fbb.EndVector())

    def _empty_buffer(self) -> None:
        """Buffer 0 is empty by convention: activations point at it."""
        schema.BufferStart(self.fbb)
        self.buffers.append(schema.BufferEnd(self.fbb))

    def buffer(self, data: np.ndarray) -> int:
        content = np.ascontiguousarray(data).tobytes()
        if content not in self.buffer_index:
            # XNNPACK and the DSP kernels read whole words: data starts at a multiple of 16.
            self.fbb.StartVector(1, len(content), 16)
            self.fbb.head = self.fbb.head - len(content)
            self.fbb.Bytes[self.fbb.head : self.fbb.head + len(content)] = content
            vector = self.fbb.EndVector()
            schema.BufferStart(self.fbb)
            schema.BufferAddData(self.fbb, vector)
            self.buffers.append(schema.BufferEnd(self.fbb))
            self.buffer_index[content] = len(self.buffers) - 1
        return self.buffer_index[content]

    def quantization(self, q: Quantization) -> int:
        scales, zeros = self.vector(q.scales, "float32"), self.vector(q.zero_points, "int64")
        axis = q.axis if q.per_channel else 0

        def make() -> int:
            schema.QuantizationParametersStart(self.fbb)
            schema.QuantizationParametersAddScale(self.fbb, scales)
            schema.QuantizationParametersAddZeroPoint(self.fbb, zeros)
            schema.QuantizationParametersAddQuantizedDimension(self.fbb, axis)
            return int(schema.QuantizationParametersEnd(self.fbb))

        return self._once(("quantization", scales, zeros, axis), make)

    def _code(self, builtin: str, version: int) -> int:
        code = getattr(schema.BuiltinOperator, builtin)
        schema.OperatorCodeStart(self.fbb)
        # Old readers know only the byte, new ones take the larger of the two.
        schema.OperatorCodeAddDeprecatedBuiltinCode(self.fbb, min(code, 127))
        schema.OperatorCodeAddVersion(self.fbb, version)
        schema.OperatorCodeAddBuiltinCode(self.fbb, code)
        return int(schema.OperatorCodeEnd(self.fbb))


@dataclass
class _Subgraph:
    """One graph's tensors and operators."""

    file: _Writer
    graph: Graph
    tensors: list[int] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    """Tensor name -> number in the subgraph."""
    parameters: dict[Any, int] = field(default_factory=dict)
    """int32 parameters (paddings, slices) -> number of the tensor."""

    def write(self) -> int:
        operators = [self._operator(n) for n in self.graph.nodes]
        for name in (*self.graph.inputs, *self.graph.outputs):
            self._tensor(name)
        f, file = self.file.fbb, self.file
        tensors, ops = file.offsets(self.tensors), file.offsets(operators)
        ins = file.vector([self.index[n] for n in self.graph.inputs], "int32")
        outs = file.vector([self.index[n] for n in self.graph.outputs], "int32")
        schema.SubGraphStart(f)
        schema.SubGraphAddTensors(f, tensors)
        schema.SubGraphAddInputs(f, ins)
        schema.SubGraphAddOutputs(f, outs)
        schema.SubGraphAddOperators(f, ops)
        return int(schema.SubGraphEnd(f))

    def _tensor(self, name: str) -> int:
        if name == "":
            return -1
        if name not in self.index:
            self.index[name] = self._write_tensor(self.graph[name])
        return self.index[name]

    def _write_tensor(self, t: Tensor) -> int:
        buffer = 0 if t.data is None else self.file.buffer(t.data)
        # A layer is named by what it computes; the names of its constants would be a kilobyte of every file.
        text = self.file.string(t.name if t.data is None else str(len(self.tensors)))
        shape = self.file.vector(t.shape, "int32")
        quantization = self.file.quantization(t.quantization) if t.quantization else None
        schema.TensorStart(self.file.fbb)
        schema.TensorAddShape(self.file.fbb, shape)
        schema.TensorAddType(self.file.fbb, getattr(schema.TensorType, _TYPES[t.dtype]))
        schema.TensorAddBuffer(self.file.fbb, buffer)
        schema.TensorAddName(self.file.fbb, text)
        schema.TensorAddIsVariable(self.file.fbb, t.name in {s.read for s in self.graph.states})
        if quantization is not None:
            schema.TensorAddQuantization(self.file.fbb, quantization)
        self.tensors.append(schema.TensorEnd(self.file.fbb))
        return len(self.tensors) - 1

    def _parameter(self, given: np.ndarray | Tensor) -> int:
        t = given if isinstance(given, Tensor) else Tensor.constant("parameter", given)
        key = (t.dtype, t.shape, t.quantization, t.values.tobytes())
        if key not in self.parameters:
            self.parameters[key] = self._write_tensor(t)
        return self.parameters[key]

    def _operator(self, node: Node) -> int:
        op, args = node.op, self.graph.args(node)
        code, _ = self.file.codes.setdefault(op.builtin, (len(self.file.codes), op.version))
        inputs = [self._parameter(c) for c in op.leading_constants()]
        inputs += [self._tensor(i) for i in node.inputs] + [self._parameter(c) for c in op.constants()]
        # The next values of variable tensors are written in place by the interpreter: no outputs of the file.
        outputs = [self._tensor(o) for o in node.outputs[: len(node.outputs) - len(op.variable_inputs)]]
        ins, outs = self.file.vector(inputs, "int32"), self.file.vector(outputs, "int32")
        options = op.to_options(schema, args, self.graph[node.name] if node.outputs else LEFT_OUT)
        table = options.Pack(self.file.fbb) if options is not None else None
        schema.OperatorStart(self.file.fbb)
        schema.OperatorAddOpcodeIndex(self.file.fbb, code)
        schema.OperatorAddInputs(self.file.fbb, ins)
        schema.OperatorAddOutputs(self.file.fbb, outs)
        if table is not None:
            schema.OperatorAddBuiltinOptionsType(self.file.fbb, getattr(schema.BuiltinOptions, op.options))
            schema.OperatorAddBuiltinOptions(self.file.fbb, table)
        return int(schema.OperatorEnd(self.file.fbb))
