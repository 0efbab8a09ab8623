"""The C front end as Python sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frontend import _native  # type: ignore[attr-defined]  # compiled by build_native.py
from edge.frontend.config import FrontendConfig
from edge.frontend.tables import Tables, tables

_ffi: Any = _native.ffi
_lib: Any = _native.lib
_borrow: Any = _native.ffi.from_buffer


def _native_config(config: FrontendConfig, made: Tables) -> Any:
    """The C struct; it borrows the tables' memory, so the tables must outlive it."""
    native = _ffi.new("nh_frontend_config_t *")
    native.window_samples, native.hop_samples = config.window_samples, config.hop_samples
    native.fft_size, native.bands = config.fft_size, config.bands
    native.offset, native.shift = config.offset, config.shift
    for name, table in vars(made).items():
        setattr(native, name, _borrow("int32_t[]" if table.dtype == np.int32 else "uint16_t[]", table))
    return native


def _checked(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    is_array = isinstance(samples, np.ndarray)
    if is_array and samples.dtype == np.int16 and samples.ndim == 1:
        return np.ascontiguousarray(samples)
    found = f"{samples.dtype} {list(samples.shape)}" if is_array else type(samples).__name__
    raise ValueError(f"samples must be int16 [n], not {found}: mix to mono and scale to int16 first")


class Frontend:
    """One audio stream on its way to features; one thread at a time. The C code runs without the GIL."""

    def __init__(self, config: FrontendConfig | None = None) -> None:
        """Raises ValueError for a configuration that cannot run."""
        self.config = config or FrontendConfig()
        self._tables = tables(self.config)
        self._native_config = _native_config(self.config, self._tables)
        self._work = _ffi.new("int32_t[]", self.config.fft_size)
        self._history = _ffi.new("int16_t[]", self.config.window_samples + 1)
        self._state = _ffi.new("nh_frontend_t *")
        _lib.nh_frontend_init(self._state, self._native_config, self._work, self._history)

    def reset(self) -> None:
        """Forget all samples: the next frame comes after ``window_samples`` more."""
        _lib.nh_frontend_reset(self._state)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """int16 log-mel [frames, bands] (1/256 octave) of the frames that int16 samples [n] complete.

        Any n, also 0. Raises ValueError if samples is not a 1-D int16 array.
        """
        samples = _checked(samples)
        frames = _lib.nh_frontend_frames(self._state, len(samples))
        log_mel = np.empty((frames, self.config.bands), np.int16)
        rows = _borrow("int16_t[]", log_mel)
        _lib.nh_frontend_push(self._state, _borrow("int16_t[]", samples), len(samples), rows)
        return log_mel

    def push_features(self, samples: NDArray[np.int16]) -> NDArray[np.int8]:
        """int8 features [frames, bands] of the frames that int16 samples [n] complete; errors as ``push``."""
        return self.quantize(self.push(samples))

    def quantize(self, log_mel: NDArray[np.int16]) -> NDArray[np.int8]:
        """int8 features of int16 log-mel, same shape."""
        log_mel = np.ascontiguousarray(log_mel, np.int16)
        features = np.empty(log_mel.shape, np.int8)
        rows, out = _borrow("int16_t[]", log_mel), _borrow("int8_t[]", features)
        _lib.nh_frontend_quantize(self._native_config, rows, log_mel.size, out)
        return features


def log_mel(samples: NDArray[np.int16], config: FrontendConfig | None = None) -> NDArray[np.int16]:
    """int16 log-mel [T, bands] (1/256 octave) of a whole clip, int16 samples [n]; T is ``config.frames(n)``.

    Raises ValueError if samples is not a 1-D int16 array or the configuration cannot run.
    """
    return Frontend(config).push(samples)


def features(samples: NDArray[np.int16], config: FrontendConfig | None = None) -> NDArray[np.int8]:
    """int8 features [T, bands] of a whole clip of int16 samples [n]; errors as ``log_mel``."""
    return Frontend(config).push_features(samples)
