"""The kernels of CONV_2D: one function each, which gives its Kernel for a layer or None; the first that does wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from converters.kernel import Kernel
from converters.ops.conv import mve, packing
from converters.ops.conv.layer import Layer
from converters.staircase import Staircase, brief

FEW = 3
"""Channels up to which a kernel for four does more that is thrown away than it saves."""


def few(layer: Layer) -> Kernel | None:
    """One output position, few channels, one after the other."""
    if layer.positions != 1 or layer.channels > FEW or not layer.requantization.narrow:
        return None
    suffix = "_dsp" if "dsp" in layer.target.isas else ""
    constants = packing.channels(layer.requantization, np.arange(layer.channels))
    weights = np.ascontiguousarray(layer.weights)
    return _kernel(layer, f"few_s8{suffix}", f"op_few{suffix}.c", weights, constants, 1, 0, "1 channel, 1 position")


def row_dsp(layer: Layer) -> Kernel | None:
    """One output position, four channels at a time, x expanded on the fly."""
    if layer.positions != 1 or not _dsp(layer):
        return None
    weights = packing.rows_dsp(layer.weights, layer.requantization)
    if weights is None:
        return None
    constants = packing.channels(layer.requantization, packing.row_order(layer.channels), 2)
    return _kernel(layer, "row_s8_dsp", "op_row_dsp.c", weights, constants, 1, 0, "4 channels, 1 position")


def block_dsp(layer: Layer) -> Kernel | None:
    """Three output positions times two channels, x expanded to int16 in scratch."""
    weights = packing.blocks_dsp(layer.in_runs(layer.weights), layer.requantization) if _dsp(layer) else None
    if weights is None:
        return None
    constants = packing.channels(layer.requantization, np.arange(layer.channels), 2)
    window = layer.runs[0] * layer.runs[1]
    return _kernel(layer, "s8_dsp", "op_dsp.c", weights, constants, 3, 6 * window, "2 channels x 3 positions", window)


def bytes_dsp(layer: Layer) -> Kernel | None:
    """Weights that pairs do not hold: one position after the other, four channels at a time."""
    if not _dsp(layer):
        return None
    constants = packing.channels(layer.requantization, packing.row_order(layer.channels), 2)
    weights = packing.row_bytes_dsp(layer.weights)
    return _kernel(layer, "bytes_s8_dsp", "op_row_dsp.c", weights, constants, 1, 0, "4 channels, weights of 8 bits")


def row(layer: Layer) -> Kernel | None:
    """One output position, eight or four channels at a time."""
    if layer.positions != 1 or not layer.requantization.narrow:
        return None
    constants = packing.channels(layer.requantization, np.arange(layer.channels))
    weights = packing.rows(layer.weights)
    return _kernel(layer, "row_s8", "op_row.c", weights, constants, 1, 0, "8 channels, 1 position")


def pairs(layer: Layer) -> Kernel | None:
    """Armv6-M: two products in one multiplication, many positions at a time."""
    if not layer.target.armv6m or layer.positions == 1:
        return None
    packed = packing.pairs(layer.weights)
    scaled = brief(Staircase(layer.requantization, *layer.limits)) if packed else None
    if packed is None or scaled is None:
        return None
    weights, four = packed
    constants = packing.pairs_channels(layer.requantization, scaled, four)
    quads = -(-layer.depth // 4)
    # A channel's weights are expanded for so many: as many as fit beside the activations with little more memory.
    room = _small(layer)
    besides = 8 * (quads + quads % 2) + (0 if layer.step or layer.words == 2 else 4 * quads)
    count = max(8, 128 // quads, min(room // (8 * quads), 48)) & ~1
    if layer.depth > layer.x.shape[3] and besides + 32 * quads <= room < besides + 64 * quads:
        count = 4  # windows over large inputs, where it is the memory of the model; 1x1 layers come later
    count = max(count, min((layer.target.spare_bytes - besides) // (8 * quads), 48) & ~1)
    count = min(count, layer.positions + layer.positions % 2)
    scratch = besides + 8 * quads * count
    made = _kernel(layer, "pairs_s8", "op_pairs.c", weights, constants, count, scratch, f"{count} positions, pairs", 0)
    return replace(made, fields={**made.fields, "runs": count, "run": layer.words})


def shared(layer: Layer) -> Kernel | None:
    """Armv6-M: as ``pairs``, windows that begin two values apart expanded together."""
    x, y, (kt, kf) = layer.x.shape, layer.output.shape, layer.op.kernel(layer.inputs)
    across, odd = divmod(kf * x[3], 4)
    apart = layer.op.stride[1] * x[3] == 2 and layer.op.dilation[1] == 1
    if not layer.target.armv6m or layer.step or odd or not apart or y[2] % 2:
        return None
    # Blocks of four values by columns: what a pair of windows sees of all rows is then one run.
    weights = layer.weights.reshape(-1, kt, across, 4).transpose(0, 2, 1, 3).reshape(len(layer.weights), -1)
    packed = packing.pairs(weights)
    scaled = brief(Staircase(layer.requantization, *layer.limits)) if packed else None
    if packed is None or scaled is None:
        return None
    sizes = {n: _shared_scratch(kt, across, n) for n in range(4, y[2] + 1, 2)}
    fitting = [n for n, size in sizes.items() if size <= _room(layer)]
    if not fitting:
        return None
    constants = packing.pairs_channels(layer.requantization, scaled, packed[1])
    count = -(-y[2] // -(-y[2] // fitting[-1]) // 2) * 2
    variant = f"{count} positions, pairs that share"
    made = _kernel(layer, "shared_s8", "op_shared.c", packed[0], constants, count, sizes[count], variant, 0)
    rows = np.arange(y[1])[:, None] * y[2] + np.arange(0, y[2], count)
    lead = layer.lead_bytes(rows.ravel(), True)
    fields = {**made.fields, "runs": count}
    return replace(made, fields=fields, lead_bytes=lead, in_place=(0,) if lead == 0 else ())


def _shared_scratch(kt: int, across: int, count: int) -> int:
    """Weights of a channel, ``count`` windows, and a row of them as bytes."""
    quads = kt * across
    return 8 * (quads + quads % 2) + 16 * kt * (across + count // 2 - 1) + 4 * (across + count // 2)


def _small(layer: Layer) -> int:
    """Bytes of scratch that are little beside the activations."""
    return sum(int(np.prod(t.shape)) for t in (layer.x, layer.output)) // 6


def _room(layer: Layer) -> int:
    """Bytes of scratch that cost little or nothing."""
    return max(_small(layer), layer.target.spare_bytes)


def rows(layer: Layer) -> Kernel | None:
    """As ``row``, for many positions: where five windows as words are much memory, and not faster."""
    much, n = 20 * (layer.depth + 1) > _room(layer), layer.channels
    if layer.step or not much or n < 8 or not layer.requantization.narrow:
        return None
    # Instructions of a position, as measured: products, windows, outputs.
    if layer.depth * (1.5 * n + 8) + 28 * n > layer.depth * (1.4 * n + 12) + 12 * n:
        return None
    constants = packing.channels(layer.requantization, np.arange(layer.channels))
    weights = packing.rows(layer.weights)
    return _kernel(layer, "rows_s8", "op_row.c", weights, constants, 1, 0, "8 channels, one position after the other")


def portable(layer: Layer) -> Kernel | None:
    """Five output positions, one channel at a time."""
    if not layer.requantization.narrow:
        return None
    weights = packing.offset(layer.weights)
    constants = packing.channels(layer.requantization, np.arange(layer.channels), 2)
    return _kernel(layer, "s8", "op.c", weights, constants, 5, 20 * (weights.shape[1] + 1), "5 positions", 0)


def any_scale(layer: Layer) -> Kernel:
    """Left shifts, and sums near the ends of int32: one value after the other."""
    constants = packing.any_scale(layer.requantization)
    return _kernel(layer, "any_s8", "op_any.c", layer.weights, constants, 1, 0, "any scale")


VARIANTS: tuple[Callable[[Layer], Kernel | None], ...] = (
    mve.kernel,
    few,
    row_dsp,
    block_dsp,
    bytes_dsp,
    row,
    shared,
    pairs,
    rows,
    portable,
    any_scale,
)


def choose(layer: Layer) -> Kernel:
    kernels = (variant(layer) for variant in VARIANTS)
    return next(k for k in kernels if k is not None)


def _dsp(layer: Layer) -> bool:
    return "dsp" in layer.target.isas and layer.requantization.narrow


def _kernel(
    layer: Layer,
    name: str,
    source: str,
    weights: np.ndarray,
    constants: np.ndarray,
    positions_at_once: int,
    scratch_bytes: int,
    variant: str,
    window_bytes: int | None = None,
) -> Kernel:
    """``nh_conv_<name>`` gathers windows behind its other scratch, ``nh_conv_flat_<name>`` finds them in x.

    ``window_bytes``: of each gathered window; ``layer.depth`` unless given.
    """
    gathered = not layer.step
    # A window of one frame is contiguous in a ring too, but nothing asked for that yet.
    ring = f"nh_conv_ring_{name}" if gathered or layer.inputs[1].shape[1] > 1 else ""
    window = layer.depth if window_bytes is None else window_bytes
    groups = np.arange(0, layer.positions, positions_at_once)
    lead = layer.lead_bytes(groups, gathered or scratch_bytes > 0)
    return Kernel(
        f"nh_conv_{name}" if gathered else f"nh_conv_flat_{name}",
        f"conv/{source}",
        "nh_conv_t",
        layer.fields(weights, constants),
        scratch_bytes=scratch_bytes + (positions_at_once * window if ring else 0),
        in_place=(0,) if lead == 0 else (),
        lead_bytes=lead,
        ring_function=ring,
        variant=variant,
    )
