"""MIRROR_PAD: the values next to a border stand beyond it too, in reverse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op
from converters.ops.pick import kernel

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class MirrorPad(Op):
    builtins: ClassVar[tuple[str, ...]] = ("MIRROR_PAD",)
    options: ClassVar[str] = "MirrorPadOptions"
    keeps_scale: ClassVar[bool] = True
    paddings: tuple[tuple[int, int], ...] = ()
    """Before and after, for each axis."""
    reflect: bool = True
    """The border itself is not repeated."""

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        for n, (a, b) in zip(inputs[0].shape, self.paddings, strict=True):
            if max(a, b) > n - self.reflect:
                raise ConvertError(f"{inputs[0].name}: {n} values mirrored by {max(a, b)}; there are not so many")
        return tuple(n + a + b for n, (a, b) in zip(inputs[0].shape, self.paddings, strict=True))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return self._mirrored(values[0], *self.paddings)

    def _mirrored(self, x: np.ndarray, *paddings: tuple[int, int]) -> np.ndarray:
        return np.pad(x, paddings, mode="reflect") if self.reflect else np.pad(x, paddings, mode="symmetric")

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        indices = [self._mirrored(np.arange(n), p) for n, p in zip(inputs[0].shape, self.paddings, strict=True)]
        return kernel(inputs[0], indices, outputs[0].name)

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.paddings, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.MirrorPadOptionsT()
        options.mode = schema.MirrorPadMode.REFLECT if self.reflect else schema.MirrorPadMode.SYMMETRIC
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        paddings = tuple((int(a), int(b)) for a, b in inputs[1].values.reshape(-1, 2))
        return cls(paddings, options.mode == schema.MirrorPadMode.REFLECT), 1
