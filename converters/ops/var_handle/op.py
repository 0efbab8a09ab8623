"""VAR_HANDLE: a resource variable by its name. ``passes/variables.py`` puts it into the graph's states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.ops import Op


@dataclass(frozen=True)
class VarHandle(Op):
    builtins: ClassVar[tuple[str, ...]] = ("VAR_HANDLE",)
    options: ClassVar[str] = "VarHandleOptions"
    arity: ClassVar[tuple[int, int]] = (0, 0)
    any_dtype: ClassVar[bool] = True
    container: str = ""
    shared_name: str = ""

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        return ((),)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.VarHandleOptionsT()
        options.container, options.sharedName = self.container, self.shared_name
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if output.dtype != "resource":
            raise ConvertError(f"{output.name}: VAR_HANDLE to {output.dtype}, not to a handle")
        container, name = (
            (text or b"").split(b"\0")[0].decode("utf-8", "replace") for text in (options.container, options.sharedName)
        )
        return cls(container, name), 0
