"""ASSIGN_VARIABLE: a resource variable's value from this moment on. ``passes/variables.py`` puts it into the
graph's states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from converters.graph import Shape, Tensor
from converters.ops import Op


@dataclass(frozen=True)
class AssignVariable(Op):
    builtins: ClassVar[tuple[str, ...]] = ("ASSIGN_VARIABLE",)
    options: ClassVar[str] = "AssignVariableOptions"
    arity: ClassVar[tuple[int, int]] = (2, 2)
    any_dtype: ClassVar[bool] = True

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        return ()
