"""Compiled C in a shared library: the same bits as on a microcontroller, where LiteRT has no wheel or is too large.

``nuthatch compile <model> --library`` makes the library. It exports (all of ``native.abi``):

    int32_t nh_abi(void);              version of this list, ABI
    const char *nh_sha256(void);       of the stream.tflite it was compiled from (model.tflite where there is none)
    const int32_t *nh_shape(void);     {step_frames, bands, labels, arena_bytes}; of model.tflite window_frames first;
                                       of pictures {height, 3 * width, height * width, arena_bytes}
    void nh_init(void *arena);         arena_bytes bytes at a multiple of 16; resets
    void nh_reset(void);
    void nh_step(const int8_t *frames, int8_t *scores);
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.manifest import Bundle
from edge.runtime.error import ModelFileError

ABI = 1
ALIGNMENT = 16

Int8 = NDArray[np.int8]

_loaded: set[Path] = set()


def open_stream(bundle: Bundle, threads: int = 1) -> NativeStream:
    """The bundle's compiled step graph; ``threads`` is not used: a step is some tens of microseconds."""
    bundle.file("stream.tflite")
    return _open(bundle)


def open_window(bundle: Bundle, threads: int = 1) -> NativeWindow:
    """The bundle's compiled offline graph, of bundles that have no step graph: one library holds one graph."""
    if bundle.manifest.stream is not None:
        raise ModelFileError(
            f"{bundle.manifest.name}: its step graph is what gets compiled; choose the backend litert for windows"
        )
    return NativeWindow(_open(bundle))


def open_picture(bundle: Bundle, threads: int = 1) -> NativePicture:
    """The bundle's compiled network for pictures."""
    return NativePicture(_open(bundle))


def _open(bundle: Bundle) -> NativeStream:
    candidates = library_paths(bundle)
    found = next((p for p in candidates if p.is_file()), None)
    if found is None:
        name = bundle.manifest.name
        raise ModelFileError(
            f"{name}: not compiled for this machine ({platform.machine()}; looked for "
            f"{' and '.join(str(p) for p in candidates)}); run: nuthatch compile {bundle.folder} --library"
        )
    return NativeStream(found, _graph_sha256(bundle))


def _graph_sha256(bundle: Bundle) -> str:
    """Of the graph that is compiled."""
    name = "model.tflite" if bundle.manifest.stream is None else "stream.tflite"
    return bundle.manifest.files[bundle.file(name).name].sha256


def library_paths(bundle: Bundle, machine: str | None = None) -> list[Path]:
    """Where a library may lie: in the bundle's folder, or in the user's cache under the model's hash."""
    machine = machine or platform.machine()
    sha256 = _graph_sha256(bundle)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nuthatch" / "native"
    name = f"{bundle.manifest.name}-{sha256[:12]}-{machine}.so"
    graph = "model" if bundle.manifest.stream is None else "stream"
    return [bundle.folder / f"{graph}-{machine}.so", cache / name]


class NativeStream:
    """The step graph; raises ModelFileError for a library that is none, of another ABI or of another model."""

    def __init__(self, path: Path, sha256: str) -> None:
        self._lib = _load(path)
        try:
            self._declare()
        except AttributeError:
            raise ModelFileError(f"{path}: no compiled model; {_REMEDY}") from None
        if self._lib.nh_abi() != ABI:
            raise ModelFileError(f"{path}: of interface {self._lib.nh_abi()}, nuthatch loads {ABI}; {_REMEDY}")
        if self._lib.nh_sha256().decode("ascii", "replace") != sha256:
            raise ModelFileError(f"{path}: compiled from another model; {_REMEDY}")
        self.step_frames, self.bands, self.labels, arena_bytes = self._lib.nh_shape()[:4]
        self._memory = np.zeros(arena_bytes + ALIGNMENT, np.uint8)
        start = self._memory.ctypes.data
        self._lib.nh_init(start + -start % ALIGNMENT)
        self._scores = np.zeros(self.labels, np.int8)
        self._frames = np.zeros((self.step_frames, self.bands), np.int8)
        # An address is looked up once: .ctypes costs as much as a small network's step.
        self._pointers = self._frames.ctypes.data, self._scores.ctypes.data

    def _declare(self) -> None:
        lib = self._lib
        lib.nh_sha256.restype = ctypes.c_char_p
        lib.nh_shape.restype = ctypes.POINTER(ctypes.c_int32)
        lib.nh_init.argtypes, lib.nh_init.restype = [ctypes.c_void_p], None
        lib.nh_step.argtypes, lib.nh_step.restype = [ctypes.c_void_p, ctypes.c_void_p], None
        lib.nh_reset.restype = None

    def reset(self) -> None:
        """Every state to its start."""
        self._lib.nh_reset()

    def step(self, frames: Int8) -> Int8:
        """One step: int8 [step_frames, bands] -> int8 [labels], a copy; the states move on."""
        if frames.dtype != np.int8 or frames.size != self._frames.size:
            raise ValueError(
                f"{frames.dtype} {frames.shape} given; a step is {self.step_frames} frames of {self.bands} bands, int8"
            )
        self._frames.reshape(-1)[:] = frames.reshape(-1)
        self._lib.nh_step(*self._pointers)
        return self._scores.copy()


class NativeWindow:
    """An offline graph: whole windows, nothing kept between two."""

    def __init__(self, library: NativeStream) -> None:
        self._library = library
        self.input_shape = (1, library.step_frames, library.bands, 1)
        self.labels = library.labels

    def run(self, features: Int8) -> Int8:
        """Scores of one window: int8 [T, F] -> int8 [labels]."""
        return self._library.step(features)


class NativePicture:
    """A network for pictures."""

    def __init__(self, library: NativeStream) -> None:
        self._library = library
        self.height, self.width = library.step_frames, library.bands // 3

    def run(self, pixels: Int8) -> Int8:
        """One picture: int8 [H, W, 3] -> int8 [H, W], a copy."""
        return self._library.step(pixels).reshape(self.height, self.width)


_REMEDY = "compile the model again: nuthatch compile <model> --library"


def _load(path: Path) -> ctypes.CDLL:
    """A library's state is static: for a second stream of the same model it is loaded from a copy."""
    try:
        if path.resolve() not in _loaded:
            _loaded.add(path.resolve())
            return ctypes.CDLL(str(path.resolve()))
        with tempfile.TemporaryDirectory() as folder:
            return ctypes.CDLL(str(shutil.copy(path, folder)))
    except OSError as e:
        raise ModelFileError(f"{path}: cannot be loaded ({' '.join(str(e).split())}); {_REMEDY}") from None
