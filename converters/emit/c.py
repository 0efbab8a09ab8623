"""Plan -> C: ``<prefix>.h`` and ``<prefix>.c``, which needs nothing but ``<stdint.h>`` and ``<string.h>``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.plan import Plan, Step

OPS = Path(__file__).parents[1] / "ops"
_INCLUDE = re.compile(r'^#include "([^"]+)"\n', re.MULTILINE)
_C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "float32": "float",
    "bool": "uint8_t",
}


def emit(plan: Plan, prefix: str = "model") -> dict[str, str]:
    """File name -> text."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", prefix):
        raise ConvertError(f"prefix {prefix!r} is no C name in lower case; take letters, digits and _")
    writer = _Writer(plan, prefix)
    return {f"{prefix}.h": writer.header(), f"{prefix}.c": writer.source()}


@dataclass
class _Writer:
    plan: Plan
    prefix: str
    constants: dict[bytes, str] = field(default_factory=dict)
    """dtype and content -> C name."""
    lines: list[str] = field(default_factory=list)

    def header(self) -> str:
        p, upper = self.prefix, self.prefix.upper()
        lines = [
            f"#ifndef NH_{upper}_H",
            f"#define NH_{upper}_H",
            "#include <stdint.h>",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            f"#define {upper}_ARENA_BYTES {self.plan.arena_bytes}",
            f"void {p}_init(void *arena); /* {upper}_ARENA_BYTES bytes, aligned to 16; may be shared between runs */",
            f"void {p}_reset(void);",
            f"void {p}_invoke(void);",
            *(f"{t} *{p}_input_{i}(void);" for i, t in enumerate(self._types(self.plan.graph.inputs))),
            *(f"const {t} *{p}_output_{i}(void);" for i, t in enumerate(self._types(self.plan.graph.outputs))),
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "#endif",
        ]
        return "\n".join(lines) + "\n"

    def source(self) -> str:
        calls = [self._call(i, s) for i, s in enumerate(self.plan.steps)]
        parts = [
            f'#include "{self.prefix}.h"',
            paste(["include/nh.h", *(s.kernel.source for s in self.plan.steps)]),
            *self.lines,
            self._functions(calls),
        ]
        return "\n".join(parts)

    def _types(self, names: Iterable[str]) -> list[str]:
        return [_C_TYPES[self.plan.graph[n].dtype] for n in names]

    def _functions(self, calls: list[str]) -> str:
        p, g = self.prefix, self.plan.graph
        accessors = [
            f"{t} *{p}_input_{i}(void) {{ return ({t} *)(void *)(arena + {self.plan.offsets[n]}); }}"
            for i, (n, t) in enumerate(zip(g.inputs, self._types(g.inputs), strict=True))
        ] + [
            f"const {t} *{p}_output_{i}(void) {{ return (const {t} *)(void *)(arena + {self.plan.offsets[n]}); }}"
            for i, (n, t) in enumerate(zip(g.outputs, self._types(g.outputs), strict=True))
        ]
        return "\n".join(
            [
                "static uint8_t *arena;",
                f"void {p}_reset(void) {{}}",
                f"void {p}_init(void *memory) {{ arena = (uint8_t *)memory; {p}_reset(); }}",
                *accessors,
                f"void {p}_invoke(void) {{",
                *(f"    {c}" for c in calls),
                "}",
                "",
            ]
        )

    def _call(self, index: int, step: Step) -> str:
        """The call; its parameters are written on the way."""
        name = f"p{index}"
        fields = [f".{k} = {self._value(v)}" for k, v in step.kernel.fields.items()]
        self.lines.append(f"static const {step.kernel.struct} {name} = {{{', '.join(fields)}}};")
        graph = self.plan.graph
        inputs = [self._pointer(graph[n], "const ") for n in step.node.inputs if n and not graph[n].is_constant]
        outputs = [self._pointer(graph[n]) for n in step.node.outputs]
        scratch = "NULL" if step.scratch < 0 else f"arena + {step.scratch}"
        return f"{step.kernel.function}({', '.join([f'&{name}', *inputs, *outputs, scratch])});"

    def _pointer(self, t: Tensor, const: str = "") -> str:
        return f"({const}{_C_TYPES[t.dtype]} *)(void *)(arena + {self.plan.offsets[t.name]})"

    def _value(self, v: int | np.ndarray | tuple[int, ...]) -> str:
        if isinstance(v, np.ndarray):
            return self._constant(v)
        if isinstance(v, tuple):
            return "{" + ", ".join(str(int(i)) for i in v) + "}"
        return str(int(v))

    def _constant(self, values: np.ndarray) -> str:
        """A ``const`` array, one for equal contents; words so that it is aligned."""
        key = f"{values.dtype} ".encode() + values.tobytes()
        if key not in self.constants:
            name = self.constants[key] = f"c{len(self.constants)}"
            numbers = ", ".join(str(v) for v in values.ravel().tolist())
            kind = _C_TYPES[str(values.dtype)]
            self.lines.append(f"static const {kind} {name}[] __attribute__((aligned(16))) = {{{numbers}}};")
        return self.constants[key]


def paste(sources: Iterable[str]) -> str:
    """The sources below ``converters/ops`` with their quoted includes, each file once."""
    done: set[Path] = set()

    def text(file: Path) -> str:
        if file in done:
            return ""
        done.add(file)
        return _INCLUDE.sub(lambda m: text((file.parent / m[1]).resolve()), file.read_text("utf-8"))

    return "\n".join(text((OPS / s).resolve()) for s in sources)
