"""LiteRT: runs ``model.tflite`` on whole windows and ``stream.tflite`` step by step.

Only ``ai_edge_litert.interpreter`` is imported: it is 10 ms, the rest of the package is not.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from edge.manifest import Bundle
from edge.runtime.error import ModelFileError

IDENTIFIER = b"TFL3"
REMEDY = "take the bundle again from its source, or convert the model again"

Int8 = NDArray[np.int8]


class LiteRtModel:
    """The offline graph: int8 ``[1, T, F, 1]`` to int8 ``[1, labels]``.

    ``reference`` takes the kernels that state the arithmetic, for comparing; the default (XNNPACK) is some
    15 times faster and may differ by a few units. Raises ModelFileError for a file that is no such graph.
    """

    def __init__(self, path: Path | str, threads: int = 1, reference: bool = False) -> None:
        self._interpreter = _open(Path(path), threads, reference)
        self._input = _only(_inputs(self._interpreter, path), path, "input")
        self._output = _only(_outputs(self._interpreter, path), path, "output")
        self.input_shape = tuple(int(n) for n in self._input["shape"])
        self.labels = int(np.prod(self._output["shape"]))

    def run(self, features: Int8) -> Int8:
        """Scores of one window: int8 [1, T, F, 1] or [T, F] -> int8 [labels]."""
        _require_int8(features, int(np.prod(self.input_shape)), f"a window is {self.input_shape}")
        self._interpreter.set_tensor(self._input["index"], features.reshape(self.input_shape))
        self._interpreter.invoke()
        scores: Int8 = self._interpreter.get_tensor(self._output["index"]).reshape(-1)
        return scores


def open_stream(bundle: Bundle, threads: int = 1) -> LiteRtStream:
    """The bundle's step graph."""
    return LiteRtStream(bundle.file("stream.tflite"), threads)


def open_window(bundle: Bundle, threads: int = 1) -> LiteRtModel:
    """The bundle's offline graph."""
    return LiteRtModel(bundle.file("model.tflite"), threads)


class LiteRtStream:
    """The step graph with its states: int8 ``[n, F]`` frames in, int8 ``[labels]`` out.

    ``reference`` as in LiteRtModel. Raises ModelFileError for a file that is no such graph.
    """

    def __init__(self, path: Path | str, threads: int = 1, reference: bool = False) -> None:
        self._interpreter = _open(Path(path), threads, reference)
        inputs = _inputs(self._interpreter, path)
        outputs = _outputs(self._interpreter, path)
        _require_states_match(inputs, outputs, path)
        self.step_frames, self.bands = int(inputs[0]["shape"][1]), int(inputs[0]["shape"][2])
        self.labels = int(np.prod(outputs[0]["shape"]))
        self._invoke = self._interpreter._interpreter.Invoke
        # One call first: a delegate may move tensors when it prepares.
        self._invoke()
        self._frames, *self._states = [_memory(self._interpreter, d) for d in inputs]
        self._scores, *self._successors = [_memory(self._interpreter, d) for d in outputs]
        self._zero_points = [_zero_point(d) for d in inputs[1:]]
        self.state_bytes = sum(s.nbytes for s in self._states)
        self.reset()

    def reset(self) -> None:
        """Every state to its zero point."""
        for state, zero_point in zip(self._states, self._zero_points, strict=True):
            state.fill(zero_point)

    def step(self, frames: Int8) -> Int8:
        """One step: int8 [step_frames, bands] -> int8 [labels], a copy; the states move on."""
        _require_int8(frames, self._frames.size, f"a step is {self.step_frames} frames of {self.bands} bands")
        self._frames[:] = frames.reshape(-1)
        self._invoke()
        for state, successor in zip(self._states, self._successors, strict=True):
            state[:] = successor
        return self._scores.copy()


def open_picture(bundle: Bundle, threads: int = 1) -> LiteRtPicture:
    """The bundle's network for pictures."""
    return LiteRtPicture(bundle.file("model.tflite"), threads)


class LiteRtPicture:
    """A network for pictures: int8 ``[1, H, W, 3]`` to int8 ``[1, H, W, 1]``.

    ``reference`` as in LiteRtModel. Raises ModelFileError for a file that is no such graph.
    """

    def __init__(self, path: Path | str, threads: int = 1, reference: bool = False) -> None:
        self._interpreter = _open(Path(path), threads, reference)
        pixels = _only(_inputs(self._interpreter, path), path, "input")
        mask = _only(_outputs(self._interpreter, path), path, "output")
        taken, given = ([int(n) for n in d["shape"]] for d in (pixels, mask))
        if len(taken) != 4 or taken[::3] != [1, 3] or given != [*taken[:3], 1]:
            raise ModelFileError(f"{path}: {taken} to {given} is no network for pictures; {REMEDY}")
        self.height, self.width = taken[1:3]
        self._invoke = self._interpreter._interpreter.Invoke
        self._invoke()  # as in LiteRtStream
        self._pixels, self._mask = _memory(self._interpreter, pixels), _memory(self._interpreter, mask)

    def run(self, pixels: Int8) -> Int8:
        """One picture: int8 [H, W, 3] -> int8 [H, W], a copy."""
        _require_int8(pixels, self._pixels.size, f"a picture is {self.height} x {self.width} pixels of 3")
        self._pixels[:] = pixels.reshape(-1)
        self._invoke()
        return self._mask.reshape(self.height, self.width).copy()


def _open(path: Path, threads: int, reference: bool) -> Any:
    """An interpreter with its tensors in place; every way to fail becomes one line."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as e:
        raise ModelFileError(f"{path}: cannot be read ({e.strerror}); {REMEDY}") from None
    if head[4:] != IDENTIFIER:
        raise ModelFileError(f"{path}: not a .tflite file (no TFL3 in bytes 4 to 7); {REMEDY}")
    try:
        # The constructor verifies the flatbuffer: a truncated file is an exception, not a crash.
        kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        with native_stderr_closed():
            interpreter = Interpreter(model_path=str(path), num_threads=threads, experimental_op_resolver_type=kernels)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as e:
        reason = " ".join(str(e).split())[:160] or type(e).__name__
        raise ModelFileError(f"{path}: LiteRT refuses it ({reason}); {REMEDY}") from None
    return interpreter


@contextmanager
def native_stderr_closed() -> Iterator[None]:
    """Around the making of an interpreter: LiteRT greets on descriptor 2 and has no switch; what fails still raises."""
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _inputs(interpreter: Any, path: Path | str) -> list[dict[str, Any]]:
    return _require_int8_tensors(interpreter.get_input_details(), path)


def _outputs(interpreter: Any, path: Path | str) -> list[dict[str, Any]]:
    return _require_int8_tensors(interpreter.get_output_details(), path)


def _require_int8_tensors(details: list[dict[str, Any]], path: Path | str) -> list[dict[str, Any]]:
    for d in details:
        if d["dtype"] is not np.int8:
            kind = np.dtype(d["dtype"]).name
            raise ModelFileError(f"{path}: tensor {d['name']} is {kind}, nuthatch runs int8; {REMEDY}")
    return details


def _only(details: list[dict[str, Any]], path: Path | str, what: str) -> dict[str, Any]:
    if len(details) != 1:
        raise ModelFileError(f"{path}: {len(details)} {what}s where 1 is expected; is it a stream.tflite?")
    return details[0]


def _require_states_match(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], path: Path | str) -> None:
    """Inputs are frames, state 0, ...; outputs scores, state 0, ...; equal shapes (docs/architecture.md)."""
    if len(inputs) < 2 or len(inputs) != len(outputs) or len(inputs[0]["shape"]) != 4:
        raise ModelFileError(
            f"{path}: {len(inputs)} inputs and {len(outputs)} outputs are no step graph with states; {REMEDY}"
        )
    for before, after in zip(inputs[1:], outputs[1:], strict=True):
        if list(before["shape"]) != list(after["shape"]):
            raise ModelFileError(
                f"{path}: state {before['name']} is {list(before['shape'])} but its successor is "
                f"{list(after['shape'])}; {REMEDY}"
            )


def _require_int8(values: Int8, size: int, expected: str) -> None:
    if values.dtype != np.int8 or values.size != size:
        raise ValueError(f"{values.dtype} {values.shape} given; {expected}, int8")


def _zero_point(details: dict[str, Any]) -> int:
    return int(details["quantization"][1])


def _memory(interpreter: Any, details: dict[str, Any]) -> Int8:
    """The tensor's own memory, flat int8.

    ``set_tensor`` and ``get_tensor`` cost as much as a small network's step. The array is made from the
    address because LiteRT refuses to run while it sees views of its own; the memory stays where it is
    until tensors are allocated again, which nothing here does, and the interpreter outlives the array.
    """
    view = interpreter.tensor(details["index"])()
    address: int = view.__array_interface__["data"][0]
    buffer = (ctypes.c_int8 * view.size).from_address(address)
    memory: Int8 = np.frombuffer(buffer, np.int8)
    return memory
