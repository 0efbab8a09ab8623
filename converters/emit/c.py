"""Plan -> C: ``<prefix>.h`` and ``<prefix>.c``, which needs nothing but ``<stdint.h>`` and ``<string.h>``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from converters.emit.about import About
from converters.emit.constant import C_TYPES, Constants, literal
from converters.emit.header import header
from converters.emit.paste import paste
from converters.emit.reset import reset
from converters.emit.struct import struct_bytes
from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field
from converters.plan import Plan, Step
from converters.plan.ring import Ring

_KEYWORDS = (
    "alignas alignof and asm auto bool break case catch char class const continue default delete do double else enum "
    "explicit export extern false float for friend goto if inline int long mutable namespace new not operator or "
    "private protected public register restrict return short signed sizeof static struct switch template this throw "
    "true try typedef typeid typename union unsigned using virtual void volatile while xor"
)
_RESERVED = {"main", "nh", "arena", "state", "head", *_KEYWORDS.split()}


def emit(plan: Plan, prefix: str = "model", about: About | None = None) -> dict[str, str]:
    """File name -> text."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", prefix) or prefix in _RESERVED:
        raise ConvertError(f"prefix {prefix!r} is no C name in lower case that is free; take letters, digits and _")
    writer = _Writer(plan, prefix)
    return {f"{prefix}.h": header(plan, prefix, about or About()), f"{prefix}.c": writer.source()}


def const_bytes(plan: Plan) -> int:
    """Flash that the constants take on a 32-bit core: arrays and parameters of the calls."""
    writer = _Writer(plan, "model")
    writer.source()
    sources = {s.kernel.source for s in plan.steps}
    structs = {s.kernel.struct for s in plan.steps}
    text = paste(sorted(sources))
    sizes = {name: struct_bytes(name, text) for name in structs}
    return writer.constants.bytes + sum(sizes[s] for s in writer.parameters.values())


def constant_arrays(plan: Plan) -> dict[str, bytes]:
    """C name -> content of every constant array, in the order of their definitions; for checksums."""
    writer = _Writer(plan, "model")
    writer.source()
    return {name: content for (_, content), name in writer.constants.names.items()}


@dataclass
class _Writer:
    plan: Plan
    prefix: str
    constants: Constants = field(default_factory=Constants)
    parameters: dict[str, str] = field(default_factory=dict)
    """Parameter object -> its struct."""
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    """(struct, initializer) -> parameter object: equal layers share one."""
    lines: list[str] = field(default_factory=list)

    def source(self) -> str:
        calls = [line for i, s in enumerate(self.plan.steps) for line in self._layer(i, s)]
        clear = reset(self.plan, self.constants)
        sources = ["include/nh.h", *(s.kernel.source for s in self.plan.steps)]
        parts = [
            f'#include "{self.prefix}.h"',
            OPTIMIZE,
            paste(sources),
            "/* Constants. */",
            *self.constants.definitions,
            *self.lines,
            "",
            *self._profile(),
            *self._memory(),
            *self._functions(clear, calls),
        ]
        return "\n".join(parts) + "\n"

    def _profile(self) -> Iterator[str]:
        p, upper = self.prefix, self.prefix.upper()
        names = [_string(s.node.name) for s in self.plan.steps]
        yield f"#ifdef {upper}_PROFILE"
        table = ", ".join([*names, "NULL"])
        yield from _wrapped(f"const char *const {p}_layer_names[{upper}_LAYERS + 1] = {{{table}}};")
        yield f"#define NH_LAYER(index) {p}_layer(index)"
        yield "#else"
        yield "#define NH_LAYER(index) ((void)0)"
        yield "#endif"
        yield ""

    def _memory(self) -> Iterator[str]:
        yield "static uint8_t *arena;"
        if self.plan.state_bytes:
            yield f"static int8_t state[{self.plan.state_bytes}] __attribute__((aligned(16)));"
        if self.plan.rings:
            yield f"static int32_t head[{len(self.plan.rings)}]; /* where each ring's next frames go, bytes */"
        yield ""

    def _functions(self, clear: list[str], calls: list[str]) -> Iterator[str]:
        p, g = self.prefix, self.plan.graph
        yield f"void {p}_reset(void) {{"
        yield from (f"    {c}" for c in clear)
        yield "}"
        yield f"void {p}_init(void *memory) {{"
        yield "    arena = (uint8_t *)memory;"
        yield f"    {p}_reset();"
        yield "}"
        for kind, names, const in (("input", g.inputs, ""), ("output", g.outputs, "const ")):
            for i, name in enumerate(names):
                c_type, at = C_TYPES[g[name].dtype], self.plan.offsets[name]
                yield f"{const}{c_type} *{p}_{kind}_{i}(void) {{ return ({const}{c_type} *)(void *)(arena + {at}); }}"
        yield f"void {p}_invoke(void) {{"
        if any(" a + " in c for c in calls) or any("(a + " in c for c in calls):
            yield "    uint8_t *const a = arena;"
        yield from (f"    {c}" for c in calls)
        yield from (f"    {_advance(i, r)}" for i, r in enumerate(self.plan.rings))
        yield "}"

    def _layer(self, index: int, step: Step) -> Iterator[str]:
        """The call; its parameters are written on the way."""
        tensors = [self.plan.graph[n] for n in step.node.inputs if n and not self.plan.graph[n].is_constant]
        around = [t for t in tensors if self.plan.where(t.name).memory == "ring"]
        inputs = [self._pointer(t, "const ") for t in tensors]
        function = step.kernel.function
        if around:
            function, inputs[0] = step.kernel.ring_function, "&x"
            yield "{"
            yield f"    const nh_ring_t x = {self._ring(tensors[0])};"
        outputs = [self._pointer(self.plan.graph[n]) for n in step.node.outputs]
        scratch = "NULL" if step.scratch < 0 else f"(void *)(a + {step.scratch})"
        arguments = ", ".join([f"&{self._parameters(step)}", *inputs, *outputs, scratch])
        yield from (f"{'    ' if around else ''}{line}" for line in _wrapped(f"{function}({arguments});", 108))
        if around:
            yield "}"
        yield f"NH_LAYER({index});"

    def _parameters(self, step: Step) -> str:
        kernel = step.kernel
        members = ", ".join(f".{k} = {self._value(v)}" for k, v in kernel.fields.items())
        key = kernel.struct, members
        if key not in self.known:
            name = self.known[key] = f"p{len(self.known)}"
            self.parameters[name] = kernel.struct
            self.lines += _wrapped(f"static const {kernel.struct} {name} = {{{members or '0'}}};")
        return self.known[key]

    def _pointer(self, t: Tensor, const: str = "") -> str:
        where = self.plan.where(t.name)
        kind = f"{const}{C_TYPES[t.dtype]} *"
        if where.memory == "arena":
            return f"({kind})(void *)(a + {where.offset})"
        if where.memory == "state":
            return f"({kind})(void *)(state + {where.offset})"
        ring = self.plan.rings[where.ring]
        return f"({kind})(void *)(state + {ring.offset + where.offset} + head[{where.ring}])"

    def _ring(self, t: Tensor) -> str:
        where = self.plan.where(t.name)
        ring = self.plan.rings[where.ring]
        back = ring.past_bytes - where.offset
        start = f"state + {ring.offset} + nh_back(head[{where.ring}], {back}, {ring.bytes})"
        return f"{{{start}, state + {ring.offset + ring.bytes}, {ring.bytes}}}"

    def _value(self, v: Field) -> str:
        if isinstance(v, np.ndarray):
            return self.constants.name(v)
        if isinstance(v, tuple):
            return "{" + ", ".join(literal(int(i)) for i in v) + "}"
        return literal(v if isinstance(v, float) else int(v))


OPTIMIZE = """
/* Arduino and PlatformIO build with -Os; the kernels are a few KB, and much slower for it. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE_SIZE__)
#pragma GCC optimize("O2")
#endif
"""


def _string(text: str) -> str:
    """A C string literal of at most 100 characters, the end of a longer name."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\?' else "_" for c in text[-100:])
    return f'"{plain}"'


def _advance(index: int, ring: Ring) -> str:
    return f"head[{index}] = head[{index}] == {ring.bytes - ring.step_bytes} ? 0 : head[{index}] + {ring.step_bytes};"


def _wrapped(line: str, width: int = 116) -> list[str]:
    """Cut after commas."""
    words = line.split(", ")
    lines = [""]
    for i, word in enumerate(words):
        more = word + (", " if i + 1 < len(words) else "")
        if lines[-1] and len(lines[-1]) + len(more) > width:
            lines.append("    ")
        lines[-1] += more
    return [text.rstrip() for text in lines]
