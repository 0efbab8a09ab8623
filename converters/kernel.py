"""One call of the generated C: what an operator hands to the planner and the emitter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

Field = int | np.ndarray | tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Kernel:
    """``function(&parameters, x..., y..., scratch)``.

    The arguments are the inputs that are not constant, then the outputs, each a pointer to its dtype
    (``const int8_t *`` for int8), then ``void *scratch`` (4-byte aligned; NULL when ``scratch_bytes`` is 0).
    """

    function: str
    """C name; every function in ``source`` is ``static`` and marked ``NH_KERNEL``."""
    source: str
    """File below ``converters/ops``, such as ``conv/op_dsp.c``; its quoted includes are pasted in, once."""
    struct: str
    """Type of the parameters, defined in ``source`` or a header of it."""
    fields: Mapping[str, Field]
    """Member -> whole number, tuple of them (array member), or array (pointer member: a ``const`` in flash)."""
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = ()
    """Inputs (counted without constants) in whose memory output 0 may be written, from the same first byte."""
    lead_bytes: int = -1
    """Output 0 may lie over input 0 when it starts at least this many bytes below it: the kernel works upwards
    and never again reads below what it has written (``lead``). -1: it may not."""
    updates: tuple[tuple[int, int], ...] = ()
    """(input counted without constants, output) that may be one memory, from the same first byte: states that
    a kernel changes where they are. Output 0 may be here, or in ``in_place``."""
    ring_function: str = ""
    """The same with ``const nh_ring_t *`` as first input; '' when the kernel cannot read a ring."""
    variant: str = field(default="", compare=False)
    """What a report calls it, such as ``1x1, 2 channels x 4 positions``."""


@dataclass(frozen=True)
class Pieces:
    """Byte offsets of the parts in the whole; ``whole`` is 'input' (split) or 'output' (concatenation)."""

    whole: str
    offsets: tuple[int, ...]


def lead(y_row_bytes: int, x_row_bytes: int, y_rows: int, stride: int = 1, pad: int = 0, rows_at_once: int = 1) -> int:
    """``Kernel.lead_bytes`` of a kernel that makes output rows upwards, ``rows_at_once`` interleaved, and reads
    for row t no input row below t * stride - pad."""
    starts = range(0, y_rows, rows_at_once)
    written = (y_row_bytes * min(t + rows_at_once, y_rows) - x_row_bytes * max(0, t * stride - pad) for t in starts)
    return max(0, *written, 0)
