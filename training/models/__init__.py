"""Networks: one, one file, each with `build(options, labels, bands, frames)` and an `embedding` width."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from torch import nn


def kinds() -> list[str]:
    """Names that `kind` may have: the files of this folder."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def build(options: dict[str, Any], labels: int, bands: int, frames: int) -> nn.Module:
    """The network that a recipe's [model] table describes: float [B, 1, bands, frames] -> logits [B, labels]."""
    options = dict(options)
    kind = options.pop("kind")
    if kind not in kinds():
        raise ValueError(f"model kind {kind!r} is not one of {', '.join(kinds())}")
    module = importlib.import_module(f"{__name__}.{kind}")
    try:
        return module.build(labels=labels, bands=bands, frames=frames, **options)
    except TypeError as e:
        raise ValueError(f"[model] of kind {kind}: {e}") from None
