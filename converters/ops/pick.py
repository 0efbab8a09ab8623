"""A tensor made of indices of another along each axis: nearest neighbours, mirrored borders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops.box import itemsize, steps

AXES = 4
"""Loops that the C has."""


def kernel(x: Tensor, indices: Sequence[np.ndarray], name: str) -> Kernel:
    """``x[np.ix_(*indices)]``; raises ConvertError for ``name`` when x has too many axes."""
    run, offsets = itemsize(x), [np.asarray(i) * s for i, s in zip(indices, steps(x.shape, itemsize(x)), strict=True)]
    while offsets and np.array_equal(offsets[-1], np.arange(x.shape[len(offsets) - 1]) * run):
        run *= len(offsets.pop())
    offsets = [o for o in offsets if len(o) > 1 or o[0] != 0]
    if len(offsets) > AXES:
        raise ConvertError(f"{name}: picks values along {len(offsets)} axes; the C kernel has {AXES}")
    offsets = [*[np.zeros(1, int)] * (AXES - len(offsets)), *offsets]
    fields: dict[str, Field] = {
        "run": run,
        "count": tuple(len(o) for o in offsets),
        "offset": np.concatenate(offsets).astype(np.int32),
    }
    return Kernel("nh_pick", "include/pick.h", "nh_pick_t", fields)
