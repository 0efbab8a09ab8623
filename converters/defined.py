"""Where interpreters' integer arithmetic ends: sums and shifts that leave 32 bits, functions outside their range.

Beyond it their C is undefined and results differ from machine to machine, so such files are refused. No model
that was quantized with data comes near these limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from converters.error import ConvertError
from converters.graph import Node, Tensor

SCALES = 1e-10, 1e10
FUNCTION_SCALES = 2.0**-20, 2.0**10
"""Of the input of a function with a table or polynomial: a step of it is neither nothing nor everything."""
FUNCTIONS = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC", "TANH", "HARD_SWISH", "ELU")
ACCUMULATORS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 0}
"""Operators that sum products with weights -> which of their inputs the weights are."""
SUMS = ("ADD", "SUB")
LARGEST = 2.0**31
_STEPS = {"int8": 2.0**8, "uint8": 2.0**8, "int16": 2.0**16, "int32": 2.0**31}
"""Distance of a value to its zero point is less than this."""


def require_defined(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Raises ConvertError naming the layer and the number."""
    builtin = node.op.builtin
    if not outputs:
        return
    if builtin in _BORDERS:
        _require_types(node, inputs[0], outputs[0])
    data = [t for t in (*inputs, *outputs) if t.quantization is not None and t.dtype in ("int8", "uint8", "int16")]
    for t in data:
        if not all(SCALES[0] < s < SCALES[1] for s in t.q.scales) and not t.is_constant:
            raise _refusal(node, f"{t.name} has the scale {t.q.scale:g}")
    for t in (inputs[0], outputs[0]) if builtin in FUNCTIONS else ():
        if not FUNCTION_SCALES[0] < t.q.scale * getattr(node.op, "beta", 1.0) < FUNCTION_SCALES[1]:
            raise _refusal(node, f"{t.name} has the scale {t.q.scale:g}")
    if builtin == "HARD_SWISH" and not 2.0**-8 < inputs[0].q.scale / outputs[0].q.scale < 2.0**7:
        raise _refusal(node, f"its input's scale is {inputs[0].q.scale / outputs[0].q.scale:g} times its output's")
    if not node.op.any_dtype and builtin not in ACCUMULATORS and any(t.dtype != "int8" for t in inputs):
        raise ConvertError(f"{node.name} ({builtin}): computes in int8, not in {', '.join(t.dtype for t in inputs)}")
    if node.op.variable_inputs and any(any(t.q.zero_points) for t in inputs[1:] if t.is_constant and t.quantization):
        raise ConvertError(f"{node.name} ({builtin}): weights with a zero point other than 0")
    if builtin in ACCUMULATORS:
        _require_weights(node, inputs, outputs[0])
    elif builtin in SUMS:
        ratio = max(t.q.scale for t in inputs) / outputs[0].q.scale
        if ratio >= 2.0**19:
            raise _refusal(node, f"its inputs' scale is {ratio:g} times its output's")
    elif builtin == "SVDF":
        _require_svdf_room(node, inputs, outputs)
    elif builtin == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        _require_lstm_room(node, inputs)
    elif not node.op.keeps_scale and outputs[0].quantization is not None:
        _require_room(node, [t for t in inputs if t.quantization is not None], outputs[0])


_BORDERS = {
    "QUANTIZE": (("float32", "int8", "uint8", "int16", "int32"), ("int8", "uint8", "int16", "int32")),
    "DEQUANTIZE": (("int8", "uint8", "int16"), ("float32",)),
    "SOFTMAX": (("int8",), ("int8", "int16")),
    "ARG_MAX": (("int8",), ("int32",)),
}
"""Operators that change the type -> from what, to what."""


def _require_types(node: Node, x: Tensor, y: Tensor) -> None:
    for t, known in zip((x, y), _BORDERS[node.op.builtin], strict=True):
        unscaled = t.dtype != "float32" and t.quantization is None and node.op.builtin != "ARG_MAX"
        if t.dtype not in known or unscaled:
            raise ConvertError(f"{node.name} ({node.op.builtin}): {t.name} is {t.dtype}; known are {', '.join(known)}")


def _refusal(node: Node, what: str) -> ConvertError:
    return ConvertError(f"{node.name} ({node.op.builtin}): {what}, beyond 32-bit arithmetic; quantize the model again")


def _require_room(node: Node, inputs: Sequence[Tensor], output: Tensor) -> None:
    """Values times multiplier, shifted left as interpreters do it, stay within 32 bits."""
    if not inputs or output.dtype not in _STEPS or any(t.dtype not in _STEPS for t in inputs):
        return
    factors = [t.q.scale for t in inputs] if node.op.builtin in ("MUL", "PRELU") else [inputs[0].q.scale]
    size = math.prod(_STEPS[t.dtype] for t in inputs[: len(factors)])
    if node.op.builtin in ("MEAN", "SUM"):
        size *= max(1, math.prod(inputs[0].shape) // max(1, math.prod(output.shape)))
    # LEAKY_RELU multiplies by its slope, too.
    slope = abs(float(getattr(node.op, "alpha", 0.0)))
    if not math.isfinite(slope):
        raise _refusal(node, f"its slope is {slope}")
    ratio = math.prod(factors) * max(slope, 1.0) / output.q.scale
    if math.ldexp(size, max(math.frexp(ratio)[1], 0)) > LARGEST:
        raise _refusal(node, f"its inputs' scale is {ratio:g} times its output's")


def _require_svdf_room(node: Node, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Features into the state, and the state over time into the output."""
    x, feature, time, *_, state = inputs
    first = x.q.scale * feature.q.scale / state.q.scale
    second = state.q.scale * time.q.scale / outputs[0].q.scale
    size = _STEPS["int8"] ** 2 * x.shape[-1]
    if math.ldexp(size, max(math.frexp(first)[1], 0)) > LARGEST or second >= 1.0:
        raise _refusal(node, f"it rescales by {first:g} and {second:g}")


def _require_lstm_room(node: Node, inputs: Sequence[Tensor]) -> None:
    """Inputs and the output's state into gates, whose scale is 2**-12."""
    largest = max(t.q.scale for t in inputs if not t.is_constant and t.dtype == "int8")
    biases = [t.values for t in inputs if t.is_constant and t.dtype == "int32"]
    bias = max((float(np.abs(b.astype(np.int64)).max()) for b in biases), default=0.0)
    for w in (t for t in inputs if t.is_constant and t.dtype == "int8"):
        bound = float(np.abs(w.values.astype(np.int64)).sum(-1).max()) * _STEPS["int8"] + bias
        ratio = largest * w.q.scale * 2.0**12
        if math.ldexp(bound, max(math.frexp(ratio)[1], 0)) > LARGEST:
            raise _refusal(node, f"{w.name} sums up to {bound:,.0f}, times {ratio:g}")


def _require_weights(node: Node, inputs: Sequence[Tensor], output: Tensor) -> None:
    position = ACCUMULATORS[node.op.builtin]
    x, w, bias = inputs[1 - position], inputs[position], inputs[2] if len(inputs) > 2 else None
    if not w.is_constant or w.dtype != "int8":
        raise ConvertError(f"{node.name} ({node.op.builtin}): its weights {w.name} are no int8 constant")
    if node.op.builtin == "CONV_2D" and x.shape[3] != w.shape[3]:
        raise ConvertError(f"{node.name}: filters of {w.shape[3]} channels on {x.shape[3]}: groups are not supported")
    axis = node.op.weight_axis or 0
    channels = w.shape[axis] if w.shape else 0
    if bias is not None and (not bias.is_constant or bias.dtype != "int32" or bias.values.size != channels):
        raise ConvertError(f"{node.name} ({node.op.builtin}): its bias {bias.name} is not {channels} int32 constants")
    if len(w.q.scales) not in (1, channels):
        raise ConvertError(f"{node.name} ({node.op.builtin}): {len(w.q.scales)} scales for {channels} channels")
    zero = w.q.zero_point if node.op.builtin == "FULLY_CONNECTED" else 0
    rows = np.moveaxis(w.values, axis, 0).reshape(channels, -1).astype(np.int64) - zero
    bound = np.abs(rows).sum(1) * max(127 - x.q.zero_point, x.q.zero_point + 128)
    if bias is not None:
        bound = bound + np.abs(bias.values.astype(np.int64)).ravel()
    ratio = x.q.scale * np.broadcast_to(np.array(w.q.scales, np.float64), (channels,)) / output.q.scale
    shifted = np.ldexp(bound.astype(np.float64), np.maximum(np.frexp(ratio)[1], 0))
    if (shifted >= LARGEST).any():
        worst = int(np.argmax(shifted))
        raise _refusal(node, f"channel {worst} sums up to {bound[worst]:,}, times {ratio[worst]:g}")
