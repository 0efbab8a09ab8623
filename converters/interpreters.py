"""Other people's interpreters with one face: the judges of the integer reference."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from converters.error import ConvertError
from edge.runtime.litert import native_stderr_closed

ARENA_BYTES = 16 << 20


class Judge(Protocol):
    """Runs a ``.tflite``; keeps its inner tensors when asked to at the start."""

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]: ...

    def tensor(self, index: int) -> np.ndarray: ...


class Tflm:
    """TensorFlow Lite for Microcontrollers on the host: what boards compute."""

    name = "TFLM"

    def __init__(self, content: bytes, outputs: int, keep: bool = False):
        from tflite_micro.python.tflite_micro import runtime

        config = runtime.InterpreterConfig
        mode = config.kPreserveAllTensors if keep else config.kAllocationRecording
        self.outputs = outputs
        try:
            self.interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES, intrepreter_config=mode)
        except RuntimeError as e:
            raise ConvertError(f"TFLM refuses the file ({str(e).splitlines()[0]})") from None

    @staticmethod
    def available() -> bool:
        return importlib.util.find_spec("tflite_micro") is not None

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        for i, x in enumerate(inputs):
            self.interpreter.set_input(x, i)
        self.interpreter.invoke()
        return [self.interpreter.get_output(i).copy() for i in range(self.outputs)]

    def tensor(self, index: int) -> np.ndarray:
        return np.asarray(self.interpreter.GetTensor(index, 0)["tensor_data"])


class LiteRt:
    """LiteRT with XNNPACK, as ``nuthatch listen`` runs it, or with its reference kernels."""

    def __init__(self, content: bytes, reference: bool = False, keep: bool = False):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        try:
            with native_stderr_closed():
                self.interpreter = Interpreter(
                    model_content=content,
                    num_threads=1,
                    experimental_op_resolver_type=kernels,
                    experimental_preserve_all_tensors=keep,
                )
                self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as e:
            raise ConvertError(f"LiteRT refuses the file ({' '.join(str(e).split())[:120]})") from None
        self.inputs = [d["index"] for d in self.interpreter.get_input_details()]
        self.outs = [d["index"] for d in self.interpreter.get_output_details()]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        for index, x in zip(self.inputs, inputs, strict=True):
            self.interpreter.set_tensor(index, x)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(i) for i in self.outs]

    def tensor(self, index: int) -> Any:
        return self.interpreter.get_tensor(index)
