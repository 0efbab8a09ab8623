"""The kernels of FULLY_CONNECTED: one function each, which gives its Kernel for a layer or None; the first wins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converters.kernel import Kernel
from converters.ops import activation_limits
from converters.ops.conv import mve as conv_mve
from converters.ops.conv import packing
from converters.ops.conv.variants import FEW
from converters.ops.fully_connected.layer import Layer


def mve(layer: Layer) -> Kernel | None:
    """A convolution whose positions are the rows."""
    if "mve" not in layer.target.isas or not layer.fits_int8:
        return None
    rows = int(np.prod(layer.inputs[0].shape)) // layer.depth
    windows = conv_mve.Windows((1, rows, layer.depth), (1, rows, layer.channels), (1, 1))
    outputs = conv_mve.Outputs(layer.requantization, *activation_limits(layer.activation, layer.output.q))
    weights = layer.weights.astype(np.int8).reshape(layer.channels, 1, 1, layer.depth)
    return conv_mve.convolution(windows, weights, outputs, layer.inputs[0].q.zero_point)


def few(layer: Layer) -> Kernel | None:
    """Few outputs, one after the other."""
    if layer.channels > FEW or not layer.fits_int8 or not layer.requantization.narrow:
        return None
    suffix = "_dsp" if "dsp" in layer.target.isas else ""
    channels = packing.channels(layer.requantization, np.arange(layer.channels))
    return Kernel(
        f"nh_fully_connected_few_s8{suffix}",
        f"fully_connected/op_few{suffix}.c",
        "nh_fully_connected_t",
        layer.fields(layer.weights.astype(np.int8), channels),
        variant="1 channel",
    )


def dsp(layer: Layer) -> Kernel | None:
    """Four channels at a time, x expanded on the fly."""
    if "dsp" not in layer.target.isas or not layer.fits_int8 or not layer.requantization.narrow:
        return None
    weights = packing.rows_dsp(layer.weights, layer.requantization)
    name = "s8_dsp" if weights is not None else "bytes_s8_dsp"
    if weights is None:
        weights = packing.row_bytes_dsp(layer.weights)
    channels = packing.channels(layer.requantization, packing.row_order(layer.channels), 2)
    return _kernel(layer, name, "op_dsp.c", weights, channels, "4 channels")


def portable(layer: Layer) -> Kernel | None:
    """Eight or four channels at a time."""
    if not layer.fits_int8 or not layer.requantization.narrow:
        return None
    channels = packing.channels(layer.requantization, np.arange(layer.channels))
    return _kernel(layer, "s8", "op.c", packing.rows(layer.weights), channels, "8 channels")


def any_scale(layer: Layer) -> Kernel:
    """Left shifts, sums near the ends of int32, weights with a zero point: one value after the other."""
    fields = layer.fields(layer.weights, packing.any_scale(layer.requantization))
    source = "fully_connected/op_any.c"
    return Kernel("nh_fully_connected_any_s8", source, "nh_fully_connected_t", fields, variant="any scale")


VARIANTS: tuple[Callable[[Layer], Kernel | None], ...] = (mve, few, dsp, portable, any_scale)


def choose(layer: Layer) -> Kernel:
    kernels = (variant(layer) for variant in VARIANTS)
    return next(k for k in kernels if k is not None)


def _kernel(layer: Layer, name: str, source: str, weights: np.ndarray, channels: np.ndarray, variant: str) -> Kernel:
    uniform: tuple[int, ...] = ()
    if layer.requantization.uniform:
        uniform = tuple(int(v) for v in channels[0, 1:])
        channels = np.ascontiguousarray(channels[:, 0])
    return Kernel(
        f"nh_fully_connected_{'uniform_' if uniform else ''}{name}",
        f"fully_connected/{source}",
        "nh_fully_connected_t",
        layer.fields(weights, channels, uniform),
        variant=variant,
    )
