"""Which C kernel a depthwise convolution gets: of those that can do it, the one of fewest instructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converters.kernel import Kernel
from converters.ops.depthwise_conv import bank, mve, plane, portable, words
from converters.ops.depthwise_conv.layer import Choice, Layer

Variant = Callable[[Layer], Choice | None]
VARIANTS: Mapping[str, tuple[Variant, ...]] = {
    "portable": (portable.anything, plane.portable, bank.convolution),
    "dsp": (plane.dsp, words.dsp, bank.dsp),
    "mve": (mve.bank, mve.patches, mve.taps),
}
"""Instruction set -> functions that give a kernel, or None for a layer that theirs cannot do."""


def kernel(layer: Layer) -> Kernel:
    found = [v(layer) for isa in layer.target.isas for v in VARIANTS[isa]]
    return min((c for c in found if c), key=lambda c: c.instructions).kernel
