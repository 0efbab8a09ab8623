"""Generated C built for this machine and called through ctypes: the first of the ladder's compiled rungs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph, Tensor
from converters.plan import Plan, nbytes

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def build(files: Mapping[str, str], folder: Path, prefix: str = "model", flags: Sequence[str] = ("-O2",)) -> Path:
    """Write the files and link every ``.c`` among them into ``<prefix>.so``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise ConvertError("no C compiler on this machine; install gcc (apt-get install gcc libc6-dev)")
    library = folder / f"{prefix}.so"
    sources = [name for name in files if name.endswith(".c")]
    line = [compiler, *WARNINGS, *flags, "-shared", "-fPIC", *sources, "-o", library.name]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConvertError(f"{folder}: the C does not compile: {done.stderr[:2000]}")
    return library


class Native:
    """A built model: the same face as the interpreters of ``interpreters.py``."""

    GUARD = 64

    def __init__(self, library: Path, plan: Plan, prefix: str = "model"):
        self.lib, self.prefix, self.graph = ctypes.CDLL(str(library.resolve())), prefix, plan.graph
        self.arena = np.full(plan.arena_bytes + 16 + 2 * self.GUARD, 0x5A, np.uint8)
        start = -(self.arena.ctypes.data + self.GUARD) % 16 + self.GUARD
        self.inside = slice(start, start + plan.arena_bytes)
        self._call("init")(ctypes.c_void_p(self.arena.ctypes.data + start))

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One invocation; raises when a byte beside the arena was written."""
        for i, x in enumerate(inputs):
            self._view(f"input_{i}", self.graph[self.graph.inputs[i]])[...] = x
        self._call("invoke")()
        outside = self.arena.copy()
        outside[self.inside] = 0x5A
        if (outside != 0x5A).any():
            raise ConvertError(f"{self.prefix}: wrote outside its arena")
        return [self._view(f"output_{i}", self.graph[n]).copy() for i, n in enumerate(self.graph.outputs)]

    def reset(self) -> None:
        self._call("reset")()

    def _call(self, name: str) -> ctypes._NamedFuncPointer:
        return getattr(self.lib, f"{self.prefix}_{name}")

    def _view(self, name: str, t: Tensor) -> np.ndarray:
        function = self._call(name)
        function.restype = ctypes.c_void_p
        memory = (ctypes.c_uint8 * nbytes(t)).from_address(function())
        return np.frombuffer(memory, np.dtype(t.dtype)).reshape(t.shape)


def compiled(graph: Graph, folder: Path, target_name: str = "host", flags: Sequence[str] = ("-O2",)) -> Native:
    """Plan, emit, build, load."""
    from converters.emit.c import emit
    from converters.plan import plan
    from converters.target import target

    made = plan(graph, target(target_name))
    return Native(build(emit(made), folder, flags=flags), made)
