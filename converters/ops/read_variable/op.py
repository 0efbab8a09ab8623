"""READ_VARIABLE: a resource variable's value at this moment. ``passes/variables.py`` puts it into the graph's
states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from converters.ops import Op


@dataclass(frozen=True)
class ReadVariable(Op):
    builtins: ClassVar[tuple[str, ...]] = ("READ_VARIABLE",)
    options: ClassVar[str] = "ReadVariableOptions"
    any_dtype: ClassVar[bool] = True
