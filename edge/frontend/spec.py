"""The front end's integers in numpy: the reference that the C code must equal bit for bit.

All arithmetic is int64, vectorised over frames; the C code does the same in 32-bit words with 64-bit
products. Nothing here can overflow: a windowed sample pair is at most sqrt(2) * 2**30 in modulus, and each
FFT stage averages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.frontend.config import FrontendConfig
from edge.frontend.tables import LOG2_STEPS, Tables, first_radix, tables

Ints = NDArray[np.int64]
Complex = tuple[Ints, Ints]
"""Real and imaginary parts."""


def log_mel(samples: NDArray[np.int16], config: FrontendConfig) -> NDArray[np.int16]:
    """int16 log-mel [T, bands] in 1/256 octave of band power, of int16 samples [n]."""
    t = tables(config)
    if config.frames(len(samples)) == 0:
        return np.zeros((0, config.bands), np.int16)
    windows = np.lib.stride_tricks.sliding_window_view(samples, config.window_samples)
    pairs = _window(windows[:: config.hop_samples].astype(np.int64), config, t)
    power = _split_power(_fft(pairs, t), t)
    return _log2_q8(_bands(power, t), t).astype(np.int16)


def quantize(log_mel: NDArray[np.int16], config: FrontendConfig) -> NDArray[np.int8]:
    """int8 features of int16 log-mel, any shape."""
    bias = ((1 << config.shift) >> 1) - config.offset
    return np.clip((log_mel.astype(np.int64) + bias) >> config.shift, -128, 127).astype(np.int8)


def _window(frames: Ints, config: FrontendConfig, t: Tables) -> Complex:
    """Windowed sample pairs [T, fft_size / 2] in Q13 or Q14: room for the first stage's sums of 4 or 2."""
    points = config.fft_size // 2
    shift = 3 if first_radix(points) == 4 else 2
    padded = np.zeros((len(frames), config.fft_size), np.int64)
    weighted = frames * t.window_q16[: frames.shape[1]].astype(np.int64)
    padded[:, : frames.shape[1]] = (weighted + (1 << (shift - 1))) >> shift
    return padded[:, 0::2], padded[:, 1::2]


def _butterfly(a: Complex, b: Complex, c: Complex, d: Complex) -> list[Complex]:
    """The four outputs of a radix-4 butterfly without twiddles."""
    (ar, ai), (br, bi), (cr, ci), (dr, di) = a, b, c, d
    return [
        (ar + cr + br + dr, ai + ci + bi + di),
        (ar - cr + bi - di, ai - ci - br + dr),
        (ar + cr - br - dr, ai + ci - bi - di),
        (ar - cr - bi + di, ai - ci + br - dr),
    ]


def _first_stage(pairs: Complex, t: Tables) -> Complex:
    """[T, points] in sample order to [T, points] in blocks of 4 (or 2) finished small transforms."""
    re, im = pairs
    points = re.shape[1]
    radix = first_radix(points)
    order = t.order.astype(np.int64)
    inputs = [order + leg * points // radix for leg in range(radix)]
    legs = [(re[:, n], im[:, n]) for n in inputs]
    if radix == 4:
        outs = _butterfly(legs[0], legs[1], legs[2], legs[3])
    else:
        (ar, ai), (br, bi) = legs
        outs = [(ar + br, ai + bi), (ar - br, ai - bi)]
    real = np.stack([r for r, _ in outs], axis=2)  # [T, points / radix, radix]
    imag = np.stack([i for _, i in outs], axis=2)
    return real.reshape(-1, points), imag.reshape(-1, points)


def _rotate(z: Complex, w_re: Ints, w_im: Ints) -> Complex:
    """z * w / 4 for a Q30 twiddle w, rounded once."""
    half = 1 << 31
    return (z[0] * w_re - z[1] * w_im + half) >> 32, (z[0] * w_im + z[1] * w_re + half) >> 32


def _fft(pairs: Complex, t: Tables) -> Complex:
    """Complex FFT of [T, points], scaled to Q15 / points."""
    re, im = _first_stage(pairs, t)
    points = re.shape[1]
    quarter, at = first_radix(points), 0
    twiddle = t.twiddle_q30.astype(np.int64)
    while quarter < points:
        w = twiddle[at : at + 6 * quarter].reshape(3, 2, quarter)
        blocks = (-1, points // (4 * quarter), 4, quarter)
        zr, zi = re.reshape(blocks), im.reshape(blocks)
        first = ((zr[:, :, 0] + 2) >> 2, (zi[:, :, 0] + 2) >> 2)
        others = [_rotate((zr[:, :, leg], zi[:, :, leg]), w[leg - 1, 0], w[leg - 1, 1]) for leg in (1, 2, 3)]
        outs = _butterfly(first, *others)
        re = np.stack([r for r, _ in outs], axis=2).reshape(-1, points)
        im = np.stack([i for _, i in outs], axis=2).reshape(-1, points)
        at += 6 * quarter
        quarter *= 4
    return re, im


def _split_power(spectrum: Complex, t: Tables) -> Ints:
    """Power [T, points] of the real signal's bins (bin 0 unused), from the FFT of its pairs."""
    re, im = spectrum
    points = re.shape[1]
    k = np.arange(1, points // 2 + 1)
    w_re, w_im = t.split_q30.astype(np.int64).reshape(2, -1)
    even_r, even_i = re[:, k] + re[:, points - k], im[:, k] - im[:, points - k]
    odd_r, odd_i = re[:, k] - re[:, points - k], im[:, k] + im[:, points - k]
    turned_r, turned_i = w_re * odd_i + w_im * odd_r, w_im * odd_i - w_re * odd_r  # -i w odd
    half = 1 << 30
    power = np.zeros_like(re)
    for sign, bins in ((-1, points - k), (1, k)):
        x_re = ((even_r << 30) + sign * turned_r + half) >> 31
        x_im = ((even_i << 30) + sign * turned_i + half) >> 31
        power[:, bins] = x_re * x_re + x_im * x_im
    # The middle bin is its own mirror, and its twiddle is -i: exact without a product.
    middle = points // 2
    power[:, middle] = re[:, middle] ** 2 + im[:, middle] ** 2
    return power


def _bands(power: Ints, t: Tables) -> Ints:
    """Weighted sums [T, bands]; upper and lower words apart, because 60 bits of power times Q15 need 75."""
    sizes = t.band_size.astype(np.int64)
    ends = np.cumsum(sizes)
    bins = np.repeat(t.band_start - (ends - sizes), sizes) + np.arange(ends[-1])
    weights = t.weight_q15.astype(np.int64)
    starts = ends - sizes
    high = np.add.reduceat((power >> 32)[:, bins] * weights, starts, axis=1)
    low = np.add.reduceat((power & 0xFFFFFFFF)[:, bins] * weights, starts, axis=1)
    return (high << 17) + (low >> 15)


def _log2_q8(power: Ints, t: Tables) -> Ints:
    """256 * log2(power) by a table of 64 steps and straight lines between; 0 gives 0."""
    octave, rest = np.zeros_like(power), power.copy()
    for shift in (32, 16, 8, 4, 2, 1):
        above = rest >> shift > 0
        octave += np.where(above, shift, 0)
        rest = np.where(above, rest >> shift, rest)
    # 32 bits below the leading one, then as many dropped as the C code drops.
    mantissa = np.where(octave > 31, power >> np.maximum(octave - 31, 0), power << np.maximum(31 - octave, 0))
    step, rest_q16 = (mantissa >> 25) % LOG2_STEPS, (mantissa >> 9) & 0xFFFF
    table = t.log2_q15.astype(np.int64)
    low, rise = table[step], table[step + 1] - table[step]
    fraction_q15 = low + ((rise * rest_q16 + (1 << 15)) >> 16)
    return np.where(power == 0, 0, (octave << 8) + ((fraction_q15 + 64) >> 7))
