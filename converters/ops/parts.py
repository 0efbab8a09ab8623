"""One tensor and the parts it is made of along an axis: concatenation, split, pack, unpack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel, Pieces
from converters.ops.box import itemsize


def offsets(parts: Sequence[Tensor], outer: Shape, whole: str) -> Pieces | None:
    """Where the parts start in the whole; None when ``outer``, the axes before the joined one, makes several rows,
    or when a part is a constant or occurs twice: neither can lie inside another tensor."""
    names = [p.name for p in parts]
    if int(np.prod(outer)) != 1 or any(p.is_constant for p in parts) or len(set(names)) < len(names):
        return None
    sizes = [int(np.prod(p.shape)) * itemsize(p) for p in parts]
    return Pieces(whole, tuple(sum(sizes[:i]) for i in range(len(sizes))))


def kernel(function: str, parts: Sequence[Tensor], outer: Shape) -> Kernel:
    """``nh_join`` or ``nh_part``: rows of bytes from or to each part in turn."""
    rows = int(np.prod(outer))
    row_bytes = [int(np.prod(p.shape)) * itemsize(p) // rows for p in parts]
    constants = [p.values.tobytes() for p in parts if p.is_constant]
    starts = iter(np.cumsum([0, *map(len, constants)]).tolist())
    fields: dict[str, Field] = {
        "parts": len(parts),
        "rows": rows,
        "arguments": len(parts) - len(constants),
        "bytes": np.array(row_bytes, np.int32),
        "constant": np.array([next(starts) if p.is_constant else -1 for p in parts], np.int32),
        "constants": np.frombuffer(b"".join(constants) or b"\0", np.uint8),
    }
    return Kernel(function, "include/parts.h", "nh_parts_t", fields, variant=f"{rows} rows of {len(parts)} parts")
