"""CALL_ONCE: runs another subgraph before the first run, to give variables their initial values.

``passes/variables.py`` puts it into the graph's states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from converters.graph import Shape, Tensor
from converters.ops import Op


@dataclass(frozen=True)
class CallOnce(Op):
    builtins: ClassVar[tuple[str, ...]] = ("CALL_ONCE",)
    options: ClassVar[str] = "CallOnceOptions"
    arity: ClassVar[tuple[int, int]] = (0, 0)
    subgraph: int = 1

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        return ()

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.CallOnceOptionsT()
        options.initSubgraphIndex = self.subgraph
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(int(options.initSubgraphIndex)), 0
