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
    return _compile(files, folder, f"{prefix}.so", [*flags, "-shared", "-fPIC"])


def _compile(files: Mapping[str, str], folder: Path, output: str, flags: Sequence[str], compiler: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    found = shutil.which(compiler) if compiler else shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
    if found is None:
        raise ConvertError("no C compiler on this machine; install gcc (apt-get install gcc libc6-dev)")
    sources = [name for name in files if name.endswith(".c")]
    line = [found, *WARNINGS, *flags, *sources, "-o", output]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConvertError(f"{folder}: the C does not compile: {done.stderr[:2000]}")
    return folder / output


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
        return np.ctypeslib.as_array(memory).view(t.dtype).reshape(t.shape)


class Sanitized:
    """A built model as a program of its own under the address and undefined-behaviour sanitizers.

    (In a library loaded by Python they would need to be loaded before Python is.) The arena is a heap block of
    its exact size, and is scribbled over before each invocation: nothing may live there from one to the next.
    """

    def __init__(self, files: Mapping[str, str], made: Plan, folder: Path, prefix: str = "model", compiler: str = ""):
        self.graph = made.graph
        texts = {**files, "main.c": _main(made.graph, prefix)}
        self.program = _compile(texts, folder, "sanitized", ["-O1", "-g", *SANITIZE], compiler)

    def run(self, steps: Sequence[Sequence[np.ndarray]]) -> list[list[np.ndarray]]:
        """The outputs of one invocation after another; raises ConvertError with what a sanitizer says."""
        given = b"".join(np.ascontiguousarray(x).tobytes() for step in steps for x in step)
        done = subprocess.run([str(self.program.resolve())], input=given, capture_output=True, check=False)
        if done.returncode:
            raise ConvertError(f"{self.program}: {done.stderr.decode('utf-8', 'replace')[:2000]}")
        outs = [self.graph[o] for o in self.graph.outputs]
        parts = iter(_cut(done.stdout, [nbytes(t) for _ in steps for t in outs]))
        return [[np.frombuffer(next(parts), t.dtype).reshape(t.shape) for t in outs] for _ in steps]


def _cut(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    ends = np.cumsum([0, *sizes]).tolist()
    if len(content) != ends[-1]:
        raise ConvertError(f"the program wrote {len(content)} bytes where {ends[-1]} belong")
    return [content[a:b] for a, b in zip(ends, ends[1:], strict=False)]


def _main(graph: Graph, prefix: str) -> str:
    p, upper = prefix, prefix.upper()
    sizes = [nbytes(graph[i]) for i in graph.inputs]
    outs = [f"fwrite({p}_output_{i}(), 1, {upper}_OUTPUT_{i}_BYTES, stdout);" for i in range(len(graph.outputs))]
    ins = [f"memcpy({p}_input_{i}(), given + {sum(sizes[:i])}, {size});" for i, size in enumerate(sizes)]
    return "\n".join(
        [
            "#define _POSIX_C_SOURCE 200112L",
            "#include <stdio.h>",
            "#include <stdlib.h>",
            "#include <string.h>",
            f'#include "{p}.h"',
            "int main(void) {",
            "    void *arena;",
            f"    uint8_t *given = (uint8_t *)malloc({max(1, sum(sizes))});",
            f"    if (posix_memalign(&arena, 16, {upper}_ARENA_BYTES) || !given) return 1;",
            f"    {p}_init(arena);",
            f"    while (fread(given, 1, {sum(sizes)}, stdin) == {sum(sizes)}) {{",
            f"        memset(arena, 0xA5, {upper}_ARENA_BYTES);",
            *(f"        {line}" for line in [*ins, f"{p}_invoke();", *outs]),
            "    }",
            "    free(arena);",
            "    free(given);",
            "    return 0;",
            "}",
            "",
        ]
    )


def compiled(graph: Graph, folder: Path, target_name: str = "host", flags: Sequence[str] = ("-O2",)) -> Native:
    """Plan, emit, build, load."""
    from converters.emit.c import emit
    from converters.plan import plan
    from converters.target import target

    made = plan(graph, target(target_name))
    return Native(build(emit(made), folder, flags=flags), made)
