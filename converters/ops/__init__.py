"""Everything about one operator is one folder: ``ops/<name>/op.py``, found by scanning, never listed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Quantization, Shape, Tensor

if TYPE_CHECKING:
    import torch

    from converters.kernel import Kernel, Pieces
    from converters.target import Target

LEFT_OUT = Tensor("", ())
"""Stands where an optional input is left out."""
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
"""What may be fused to an operator's output; TFLM ignores TANH and SIGN_BIT there, so they are refused."""


@dataclass(frozen=True)
class Op:
    """An operator and its parameters, without its tensors."""

    builtins: ClassVar[tuple[str, ...]] = ()
    """TFLite's BuiltinOperator names."""
    options: ClassVar[str] = ""
    """TFLite's BuiltinOptions table."""
    version: ClassVar[int] = 1
    keeps_scale: ClassVar[bool] = False
    """The output is in the input's quantization, because the kernel does not rescale."""
    rounds_about_q0: ClassVar[bool] = False
    """Halves are rounded away from q = 0 rather than from real zero."""
    fixed_output: ClassVar[Quantization | None] = None
    """The output quantization that the kernels demand."""
    weight_axis: ClassVar[int | None] = None
    """Axis of input 1 that has one scale each, when input 1 is a weight."""
    arity: ClassVar[tuple[int, int]] = (1, 1)
    """Fewest and most inputs that are data; not asked of an operator that has variables."""
    any_dtype: ClassVar[bool] = False
    """Values may be other than int8: uint8, int16 or float32 (the operator says which)."""
    optional_inputs: ClassVar[bool] = False
    """Inputs may be left out between others: ``from_tflite`` then gets ``LEFT_OUT`` in their place, and the
    operator remembers which; everything else gets only those that are there."""
    variable_inputs: ClassVar[tuple[int, ...]] = ()
    """Positions in the file of the tensors that the operator changes (``is_variable``). They are states of the
    graph; their next values are outputs of the node, after the others and in this order."""

    @property
    def builtin(self) -> str:
        return self.builtins[0]

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        raise NotImplementedError

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """One shape for each output; an operator with several overrides this and ``references``."""
        return (self.shape(inputs),)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        """TFLM's int8 result."""
        raise NotImplementedError

    def references(
        self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[np.ndarray]:
        """TFLM's results, one for each output."""
        return [self.reference(values, inputs, outputs[0])]

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        """The call that computes this in the generated C; raises ConvertError when there is none."""
        raise ConvertError(f"{outputs[0].name}: {self.builtin} has no C kernel")

    def view_of(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bool:
        """The one output is the first input's bytes under another shape: nothing is computed."""
        return False

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        """How inputs are contiguous pieces of the output (concatenation), or outputs of the input (split);
        None when they are not, and bytes must be moved."""
        return None

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        """The float result, for any batch, with gradients."""
        raise NotImplementedError

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return 0

    def time_window(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(frames that one output frame sees, stride), padding left aside."""
        return 1, 1

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        """This operator in the step graph; None when it vanishes there. Raises on look-ahead."""
        lengths = {t.shape[TIME] for t in inputs if len(t.shape) > TIME + 1 and not t.is_constant}
        if len(lengths) > 1:
            raise ConvertError(
                f"{name}: joins tensors of {sorted(lengths)} frames; a stream has the whole window's value "
                "only at its end: remove the global context"
            )
        return self

    def leading_constants(self) -> Sequence[np.ndarray]:
        """Parameters that TFLite wants as int32 inputs before the others."""
        return []

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        """Parameters that TFLite wants as further int32 inputs; a tensor where it wants a quantization too."""
        return []

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        """The filled ``<options>T`` object, or None."""
        return getattr(schema, self.options + "T")() if self.options else None

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        """The operator, and how many of the inputs, after its leading constants, are data (the others became
        parameters)."""
        return cls(), len(inputs)


@cache
def registry() -> dict[str, type[Op]]:
    """BuiltinOperator name -> class, from the folders beside this file."""
    found: dict[str, type[Op]] = {}
    for folder in pkgutil.iter_modules(__path__):
        if folder.ispkg:
            module = importlib.import_module(f"{__name__}.{folder.name}.op")
            classes = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
            found.update({b: c for c in classes if issubclass(c, Op) for b in c.builtins})
    return found


def axis_of(name: str, axis: int, rank: int) -> int:
    """An axis as files have it, counted from the end when negative; raises ConvertError beyond the rank."""
    if not -rank <= axis < rank:
        raise ConvertError(f"{name}: axis {axis} of {rank}; take the file again from its source")
    return int(axis) % rank


def activation_limits(activation: str, q: Quantization) -> tuple[int, int]:
    """The int8 range a fused activation leaves (CalculateActivationRangeQuantized)."""

    def quantized(real: float) -> int:
        # TfLiteRound(real / scale) in float32: halves away from zero.
        v = float(np.float32(real) / np.float32(q.scale))
        return q.zero_point + int(np.sign(v) * np.floor(np.abs(v) + 0.5))

    low, high = -128, 127
    if activation in ("RELU", "RELU6"):
        low = max(low, quantized(0.0))
    if activation == "RELU6":
        high = min(high, quantized(6.0))
    if activation == "RELU_N1_TO_1":
        low, high = max(low, quantized(-1.0)), min(high, quantized(1.0))
    return low, high


def clamp(x: np.ndarray, activation: str, output: Tensor) -> np.ndarray:
    """Adds the zero point, applies the fused activation, narrows to int8."""
    low, high = activation_limits(activation, output.q)
    return np.clip(x + output.q.zero_point, low, high).astype(np.int8)


def activate(x: torch.Tensor, activation: str) -> torch.Tensor:
    """A fused activation in float."""
    if activation == "RELU":
        return x.relu()
    limits = {"RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
    return x.clamp(*limits[activation]) if activation in limits else x


def activation_name(schema: Any, code: int) -> str:
    """A fused activation as the file codes it; raises for one that no kernel here has."""
    kinds = {getattr(schema.ActivationFunctionType, a): a for a in ACTIVATIONS}
    if code not in kinds:
        raise ConvertError(f"fused activation {code} is not supported; known are {', '.join(ACTIVATIONS)}")
    return kinds[code]


def activation_code(schema: Any, activation: str) -> int:
    return int(getattr(schema.ActivationFunctionType, activation))
