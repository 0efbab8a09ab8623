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
    ring_function: str = ""
    """The same with ``const nh_ring_t *`` as first input; '' when the kernel cannot read a ring."""
    variant: str = field(default="", compare=False)
    """What a report calls it, such as ``1x1, 2 channels x 4 positions``."""


@dataclass(frozen=True)
class Pieces:
    """Byte offsets of the parts in the whole; ``whole`` is 'input' (split) or 'output' (concatenation)."""

    whole: str
    offsets: tuple[int, ...]
