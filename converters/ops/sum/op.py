"""SUM over axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from converters.ops.mean.op import Total

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Sum(Total):
    builtins: ClassVar[tuple[str, ...]] = ("SUM",)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].sum(self.axes, keepdim=self.keep_dims)
