"""What a file asks for that is not there, all of it in one line, before anything else is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from converters.error import ConvertError
from converters.ops import registry
from converters.tflite_file import OperatorEntry, SubgraphEntry

LAYERS_NAMED = 4
"""Of each kind; the rest is counted."""
NAME_LENGTH = 48
_FLOATS = ("FLOAT16", "FLOAT32", "FLOAT64", "BFLOAT16")

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "READ_VARIABLE", "ASSIGN_VARIABLE")

Layer = tuple[SubgraphEntry, OperatorEntry]


def require_supported(subgraphs: Sequence[SubgraphEntry]) -> None:
    """Raises ConvertError naming every kind of operator that is missing, with its layers; then, one for floats."""
    layers = [(s, o) for s in subgraphs for o in s.operators]
    missing: dict[str, list[Layer]] = {}
    for layer in layers:
        if layer[1].builtin not in registry():
            missing.setdefault(layer[1].builtin, []).append(layer)
    if missing:
        kinds = "; ".join(f"{kind}: {_places(found)}" for kind, found in missing.items())
        count = "1 operator is" if len(missing) == 1 else f"{len(missing)} operators are"
        raise ConvertError(f"{count} not supported: {kinds}; replace these layers")
    _require_integers(layers)


def _places(layers: Sequence[Layer]) -> str:
    named = ", ".join(map(place, layers[:LAYERS_NAMED]))
    return named if len(layers) <= LAYERS_NAMED else f"{named} and {len(layers) - LAYERS_NAMED} more"


def place(layer: Layer) -> str:
    """``layer (operator number)``; the layer is called after what it computes, else after what it reads."""
    sub, o = layer
    numbers = [n for n in (*o.outputs, *o.inputs) if n >= 0]
    name = sub.tensors[numbers[0]].name if numbers else ""
    short = name if len(name) <= NAME_LENGTH else f"...{name[-NAME_LENGTH:]}"
    return f"{short} (operator {o.number})" if short else f"operator {o.number}"


def _require_integers(layers: Sequence[Layer]) -> None:
    floats = [layer for layer in layers if not _may_be_float(layer[1].builtin) and _types(layer, _FLOATS)]
    if not floats:
        return
    hybrid = any(_types(layer, ("INT8", "INT4")) for layer in floats)
    what = "a dynamic-range model: int8 weights, but activations are float" if hybrid else "a float model"
    first = floats[0]
    raise ConvertError(
        f"{what}: {len(floats)} of {len(layers)} operators compute in float, the first is {first[1].builtin} at "
        f"{place(first)}; convert to int8 first, weights and activations, with a representative data set"
    )


def _may_be_float(builtin: str) -> bool:
    """Operators at the border of the integers, and those that only move values."""
    kind = registry()[builtin]
    return kind.any_dtype and (kind.keeps_scale or builtin in _CONVERSIONS)


def _types(layer: Layer, kinds: Sequence[str]) -> bool:
    sub, o = layer
    return any(sub.tensors[n].type in kinds for n in (*o.inputs, *o.outputs) if n >= 0)
