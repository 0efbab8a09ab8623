"""Constant arrays of the generated C: one for equal contents, in lines that an editor can show."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import numpy as np

C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "float32": "float",
    "bool": "uint8_t",
}
ALIGNMENT = 4
"""Bytes: kernels read int8 weights in words."""


@dataclass
class Constants:
    """Arrays in the order of their first use."""

    names: dict[tuple[str, bytes], str] = field(default_factory=dict)
    """(dtype, content) -> C name."""
    definitions: list[str] = field(default_factory=list)
    bytes: int = 0

    def name(self, values: np.ndarray) -> str:
        """The C name of an array with this content."""
        key = str(values.dtype), values.tobytes()
        if key not in self.names:
            self.names[key] = f"c{len(self.names)}"
            self.definitions.append(definition(self.names[key], values))
            self.bytes += -(-max(values.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        return self.names[key]


def definition(name: str, values: np.ndarray) -> str:
    """``static const int8_t name[4] = {...};``"""
    kind = C_TYPES[str(values.dtype)]
    numbers = ",".join(map(literal, values.ravel().tolist())) or "0"
    size = max(1, values.size)
    body = "\n".join(textwrap.wrap(numbers.replace(",", ", "), 116, break_long_words=False)).replace(", ", ",")
    return f"static const {kind} {name}[{size}] __attribute__((aligned({ALIGNMENT}))) = {{\n{body}}};"


def literal(v: float | int | bool) -> str:
    """A number as C reads it back exactly."""
    if isinstance(v, bool):
        return str(int(v))
    if isinstance(v, float):
        return f"{v.hex()}f" if np.isfinite(v) else "0.0f"
    if v in (-(2**31), -(2**63)):
        return f"({v + 1}{'' if v == -(2**31) else 'LL'} - 1)"
    if v >= 2**31:
        return f"{v}u" if v < 2**32 else f"{v}ULL"
    return f"{v}" if v > -(2**31) else f"{v}LL"
