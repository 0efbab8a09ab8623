"""MINIMUM with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from converters.ops.maximum.op import Extreme


@dataclass(frozen=True)
class Minimum(Extreme):
    builtins: ClassVar[tuple[str, ...]] = ("MINIMUM",)
    largest: ClassVar[bool] = False
