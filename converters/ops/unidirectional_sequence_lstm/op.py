"""UNIDIRECTIONAL_SEQUENCE_LSTM as Keras makes it: int8 values and weights, int16 cells.

x [B, T, I] (or [T, B, I]), then for the gates input, forget, cell, output: weights of x [S, I], weights of the
hidden state [S, S], bias [S]; then the states: hidden int8 [B, S] and cell int16 [B, S]. Output [B, T, S].
TFLM has no peepholes, projection, layer normalization or coupled gates, and neither has this.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import LEFT_OUT, Op
from converters.sigmoid import SIGMOID_Q16, logistic_q15, tanh_q15

if TYPE_CHECKING:
    from converters.target import Target

INPUTS = 24
"""Of the file."""
ABSENT = (9, 10, 11, 16, 17, 20, 21, 22, 23)
"""Inputs of the file for variants that TFLM refuses."""
GATES = 4
CELL = 2
"""Number of the gate that is a tanh."""
INT16 = (-32768, 32767)


@dataclass(frozen=True)
class UnidirectionalSequenceLstm(Op):
    builtins: ClassVar[tuple[str, ...]] = ("UNIDIRECTIONAL_SEQUENCE_LSTM",)
    options: ClassVar[str] = "UnidirectionalSequenceLSTMOptions"
    any_dtype: ClassVar[bool] = True
    optional_inputs: ClassVar[bool] = True
    variable_inputs: ClassVar[tuple[int, ...]] = (18, 19)
    cell_clip: float = 0.0
    """Cells stay within this; 0: within their type."""
    time_major: bool = False
    """x is [T, B, I]."""

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        x, _, _, _, hidden, cell = self._parts(inputs)
        batch, size = x.shape[1 if self.time_major else 0], inputs[1].shape[0]
        wanted = [(size, x.shape[2])] * GATES + [(size, size)] * GATES + [(size,)] * GATES + [(batch, size)] * 2
        for t, shape in zip(inputs[1:], wanted, strict=True):
            if t.shape != shape:
                raise ConvertError(f"{t.name}: its shape in this LSTM is {list(shape)}, not {list(t.shape)}")
        return (*x.shape[:2], size), hidden.shape, cell.shape

    @staticmethod
    def _parts(inputs: Sequence[Any]) -> tuple[Any, Sequence[Any], Sequence[Any], Sequence[Any], Any, Any]:
        """x, weights of x, weights of the hidden state, biases, hidden state, cells."""
        return inputs[0], inputs[1:5], inputs[5:9], inputs[9:13], inputs[13], inputs[14]

    def _cell_multiplier(self, cell: Tensor) -> tuple[int, int]:
        """Multiplier and shift that bring a cell to the tanh's table."""
        shift = 12 + round(math.log2(cell.q.scale))
        return (3 << shift, 0) if shift >= 0 else (3, -shift)

    def _clip(self, cell: Tensor) -> int:
        """The largest cell; what is clipped reaches down to its negative."""
        return int(min(self.cell_clip / cell.q.scale, 32767.0)) if self.cell_clip > 0 else 0

    def references(
        self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[np.ndarray]:
        x, w_x, w_h, bias, hidden, cell = self._parts(values)
        q_x, q_h, q_c = inputs[0].q, inputs[13].q, inputs[14].q
        product, update, squash = _products(q_c.scale, q_h.scale)
        bound, rows = self._clip(inputs[14]), []
        for frame in x if self.time_major else x.swapaxes(0, 1):
            gates = []
            for g in range(GATES):
                a = _product(frame, q_x.zero_point, w_x[g], bias[g], _scale(inputs[0], inputs[1 + g]))
                b = _product(hidden, q_h.zero_point, w_h[g], 0, _scale(inputs[13], inputs[5 + g]))
                total = np.clip(a + b, *INT16)
                gates.append(tanh_q15(total, 3, 0) if g == CELL else logistic_q15(total))
            kept = np.clip(fp.multiply(gates[1] * cell.astype(np.int64), *product), *INT16)
            added = np.clip(fp.multiply(gates[0] * gates[CELL], *update), *INT16)
            cell = np.clip(kept + added, *INT16)
            cell = np.clip(cell, -bound, bound) if bound else cell
            seen = tanh_q15(cell, *self._cell_multiplier(inputs[14])) * gates[3]
            hidden = np.clip(fp.multiply(seen, *squash) + q_h.zero_point, -128, 127)
            rows.append(hidden)
        y = np.stack(rows, 0 if self.time_major else 1)
        return [y.astype(np.int8), hidden.astype(np.int8), cell.astype(np.int16)]

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        x, size = inputs[0].shape, output.shape[2]
        return x[0] * x[1] * GATES * size * (x[2] + size)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, w_x, w_h, bias, hidden, cell = self._parts(inputs)
        batch, times = x.shape[::-1][1:] if self.time_major else x.shape[:2]
        fields: dict[str, Field] = {"batch": batch, "times": times, "features": x.shape[2], "size": w_h[0].shape[0]}
        fields |= {"step": batch if self.time_major else 1, "y_zero": hidden.q.zero_point, "clip": self._clip(cell)}
        for name, source, weights in (("x", x, w_x), ("h", hidden, w_h)):
            scales = [_scale(source, w) for w in weights]
            stacked = np.stack([w.values for w in weights], 1)  # [S, gates, I or S]
            zero = -source.q.zero_point * stacked.sum(2, dtype=np.int64)
            zero += np.stack([b.values for b in bias], 1) if name == "x" else 0
            fields |= {f"{name}_weights": stacked, f"{name}_bias": zero.astype(np.int32)}
            fields |= {f"{name}_multiplier": tuple(m for m, _ in scales), f"{name}_shift": tuple(s for _, s in scales)}
        products = _products(cell.q.scale, hidden.q.scale)
        fields |= {"multiplier": tuple(m for m, _ in products), "shift": tuple(s for _, s in products)}
        fields["tanh_multiplier"], fields["tanh_shift"] = self._cell_multiplier(cell)
        fields["sigmoid"] = SIGMOID_Q16
        source_file = "unidirectional_sequence_lstm/op.c"
        return Kernel("nh_lstm_s8", source_file, "nh_lstm_t", fields, updates=((1, 1), (2, 2)))

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.fusedActivationFunction = schema.ActivationFunctionType.TANH
        options.cellClip, options.timeMajor = self.cell_clip, self.time_major
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if len(inputs) != INPUTS:
            raise ConvertError(f"{output.name}: an LSTM with {len(inputs)} inputs; TFLM takes {INPUTS}")
        for i, t in enumerate(inputs):
            if (t is LEFT_OUT) != (i in ABSENT):
                raise ConvertError(
                    f"{output.name}: an LSTM {'without' if t is LEFT_OUT else 'with'} input {i}; TFLM has no peephole, "
                    "projection, normalization or coupled gates: use a plain Keras LSTM"
                )
        dtypes = (inputs[0].dtype, *(t.dtype for t in inputs[1:9]), inputs[18].dtype, inputs[19].dtype)
        if dtypes != (*["int8"] * 10, "int16") or any(t.dtype != "int32" for t in inputs[12:16]):
            raise ConvertError(f"{output.name}: an LSTM of {dtypes[0]} with cells of {dtypes[-1]}; convert to int8")
        if options.fusedActivationFunction != schema.ActivationFunctionType.TANH or options.cellClip < 0:
            raise ConvertError(f"{output.name}: an LSTM whose cells are not tanh, or whose clip is negative")
        return cls(float(options.cellClip), bool(options.timeMajor)), INPUTS


def _scale(x: Tensor, weights: Tensor) -> tuple[int, int]:
    """To the gates' Q3.12; the two scales are multiplied in float32 (GetQuantizedConvolutionMultipler)."""
    return fp.quantize_multiplier(float(np.float32(x.q.scale) * np.float32(weights.q.scale)) * 2**12)


def _products(cell: float, hidden: float) -> list[tuple[int, int]]:
    """Multipliers of forget * cell, input * candidate and output * tanh (CreateInterGateMulParams)."""
    gate = 2.0**-15
    return [fp.quantize_multiplier(r) for r in (gate * cell / cell, gate * gate / cell, gate * gate / hidden)]


def _product(
    x: np.ndarray, zero: int, weights: np.ndarray, bias: np.ndarray | int, scale: tuple[int, int]
) -> np.ndarray:
    """A gate's share of one source: [B, I] -> int64 values of int16 [B, S]."""
    acc = (x.astype(np.int64) - zero) @ weights.T.astype(np.int64) + bias
    return np.clip(fp.multiply(acc, *scale), *INT16)
