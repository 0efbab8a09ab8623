"""Portable kernels of a depthwise convolution."""

from __future__ import annotations

from converters.kernel import Kernel
from converters.ops.depthwise_conv.layer import Choice, Layer

POINTER_BYTES = {"host": 8}
"""Of targets whose pointers are not 4 bytes."""


def table_bytes(layer: Layer, more: int = 0) -> int:
    """Scratch of kernels that work from a table of taps: pointers, an even number and ``more``, and padding."""
    pointers = layer.taps + layer.taps % 2 + more
    return pointers * POINTER_BYTES.get(layer.target.name, 4) + layer.padding_bytes


def anything(layer: Layer) -> Choice:
    """Position by position through a table of taps."""
    wide = "" if layer.requantization.narrow else "wide_"
    fields = layer.fields | layer.scaling
    fields |= {"filters": layer.filters, "weights": layer.grouped(layer.flat_weights)}
    kernel = Kernel(
        f"nh_depthwise_{wide}s8",
        "depthwise_conv/op.c",
        "nh_depthwise_t",
        fields,
        scratch_bytes=table_bytes(layer),
        ring_function=f"nh_depthwise_{wide}ring_s8",
        variant="taps, 4 channels",
    )
    each = 8 * layer.taps + (4.5 * layer.taps + 24) * layer.channels
    return Choice(layer.positions * each, kernel)
