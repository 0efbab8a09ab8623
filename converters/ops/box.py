"""A box of one tensor copied into a box of another: what slices, transposes and paddings have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel, Pieces

AXES = 5
"""Loops that the C has (NH_BOX_AXES)."""


@dataclass(frozen=True)
class Loop:
    """``count`` positions, so many bytes apart in x and in y."""

    count: int
    x_step: int
    y_step: int


@dataclass(frozen=True)
class Box:
    """Runs of ``run`` contiguous bytes, copied at every position of the loops (outermost first)."""

    run: int
    loops: tuple[Loop, ...]
    x_first: int = 0
    y_first: int = 0

    @classmethod
    def of(cls, loops: Iterable[Loop], itemsize: int, x_first: int = 0, y_first: int = 0) -> Box:
        """Single values at the positions of ``loops``, joined into the longest runs and the fewest loops."""
        outer = [n for n in loops if n.count != 1]
        if any(n.count == 0 for n in outer):
            return cls(0, ())
        joined: list[Loop] = [Loop(itemsize, 1, 1)]
        for loop in reversed(outer):
            inner = joined[-1]
            if (loop.x_step, loop.y_step) == (inner.count * inner.x_step, inner.count * inner.y_step):
                joined[-1] = Loop(loop.count * inner.count, inner.x_step, inner.y_step)
            else:
                joined.append(loop)
        return cls(joined[0].count, tuple(reversed(joined[1:])), x_first, y_first)

    @property
    def contiguous(self) -> bool:
        return not self.loops

    def fields(self, name: str) -> dict[str, Field]:
        """Members of ``nh_box_t``; raises ConvertError for ``name`` when there are too many loops."""
        if len(self.loops) > AXES:
            raise ConvertError(f"{name}: moves values along {len(self.loops)} axes; the C kernel has {AXES}")
        loops = (*reversed(self.loops), *[Loop(1, 0, 0)] * (AXES - len(self.loops)))
        return {
            "x_first": self.x_first,
            "y_first": self.y_first,
            "run": self.run,
            "count": tuple(n.count for n in loops),
            "x_step": tuple(n.x_step for n in loops),
            "y_step": tuple(n.y_step for n in loops),
        }

    def kernel(self, name: str) -> Kernel:
        """The copy, from one tensor to one other."""
        variant = f"{int(np.prod([n.count for n in self.loops]))} runs of {self.run} bytes"
        return Kernel("nh_copy_box", "include/box.h", "nh_box_t", self.fields(name), variant=variant)

    def piece(self) -> Pieces | None:
        """The output as a part of the input, when it is one run."""
        return Pieces("input", (self.x_first,)) if self.contiguous else None


def itemsize(t: Tensor) -> int:
    """Bytes of one value."""
    return np.dtype(t.dtype).itemsize


def steps(shape: Shape, item: int) -> tuple[int, ...]:
    """Bytes from one index to the next, for each axis."""
    inner = [int(np.prod(shape[a + 1 :])) for a in range(len(shape))]
    return tuple(item * n for n in inner)


def box_of_slices(x: Tensor, slices: Sequence[slice]) -> Box:
    """What ``x[slices]`` reads, written contiguously."""
    picked = [range(*s.indices(n)) for s, n in zip(slices, x.shape, strict=True)]
    item = itemsize(x)
    ins, outs = steps(x.shape, item), steps(tuple(map(len, picked)), item)
    loops = [Loop(len(r), i * r.step, o) for r, i, o in zip(picked, ins, outs, strict=True)]
    return Box.of(loops, item, sum(r.start * i for r, i in zip(picked, ins, strict=True)))
