"""SUB with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from converters.ops.add.op import Sum


@dataclass(frozen=True)
class Sub(Sum):
    builtins: ClassVar[tuple[str, ...]] = ("SUB",)
    options: ClassVar[str] = "SubOptions"
    version: ClassVar[int] = 2
    sign: ClassVar[int] = -1
