"""Networks: one, one file, each with `build(options, labels, bands, frames)` and an `embedding` width."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from torch import nn


class ModelError(ValueError):
    """A network that cannot be built as asked; one line with the number and the remedy."""


def kinds() -> list[str]:
    """Names that `kind` may have: the files of this folder."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__))


def takes(kind: str) -> str:
    """What a network of this kind sees: `sound`, or what its file says."""
    return str(getattr(importlib.import_module(f"{__name__}.{kind}"), "TAKES", "sound"))


def build(options: dict[str, Any], labels: int, bands: int, frames: int) -> nn.Module:
    """The network that a recipe's [model] table describes: float [B, 1, bands, frames] -> logits [B, labels].

    One that takes pictures: float [B, 3, height, width] -> logits [B, labels, height, width].
    """
    options = dict(options)
    kind = options.pop("kind")
    if kind not in kinds():
        raise ModelError(f"model kind {kind!r} is not one of {', '.join(kinds())}")
    module = importlib.import_module(f"{__name__}.{kind}")
    try:
        return module.build(labels=labels, bands=bands, frames=frames, **options)
    except (TypeError, ValueError) as e:
        raise ModelError(f"[model] of kind {kind}: {e}") from None
