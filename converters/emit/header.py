"""``<prefix>.h``: everything a program needs to know of a compiled model."""

from __future__ import annotations

from collections.abc import Iterator

from converters.emit.about import About
from converters.emit.constant import C_TYPES
from converters.graph import Tensor
from converters.plan import Plan, nbytes


def header(plan: Plan, prefix: str, about: About) -> str:
    """The text; C99 and C++."""
    p, upper = prefix, prefix.upper()
    stateful = bool(plan.rings or plan.kept)
    lines = [
        *_comment(plan, about),
        f"#ifndef {upper}_H",
        f"#define {upper}_H",
        "#include <stdint.h>",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        f'#define {upper}_SHA256 "{about.sha256}"',
        f"#define {upper}_ARENA_BYTES {plan.arena_bytes}",
        f"#define {upper}_STATE_BYTES {static_bytes(plan)} /* what the model itself keeps in RAM, beside the arena */",
        f"#define {upper}_MACS {plan.graph.macs()}",
        f"#define {upper}_INPUTS {len(plan.graph.inputs)}",
        f"#define {upper}_OUTPUTS {len(plan.graph.outputs)}",
        "",
        f"/* `arena`: {upper}_ARENA_BYTES bytes at a multiple of 16. Between two calls of {p}_invoke it holds nothing",
        "   but the inputs and outputs: other models may use it in the meantime. Also resets. */",
        f"void {p}_init(void *arena);",
        f"/* {'Begins a new stream: every state as at the start' if stateful else 'Nothing to do: no state'}. */",
        f"void {p}_reset(void);",
        "/* Runs the model once. The inputs' memory is used again on the way: write every input before every call. */",
        f"void {p}_invoke(void);",
        "",
        *_ports("input", p, [plan.graph[n] for n in plan.graph.inputs], ""),
        *_ports("output", p, [plan.graph[n] for n in plan.graph.outputs], "const "),
        "",
        f"#ifdef {upper}_PROFILE",
        f"#define {upper}_LAYERS {len(plan.steps)}",
        f"extern const char *const {p}_layer_names[{upper}_LAYERS + 1];",
        f"void {p}_layer(int index); /* yours; called after each layer */",
        "#endif",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def static_bytes(plan: Plan) -> int:
    """RAM that the generated C defines: states, heads of rings, the pointer to the arena (4 bytes)."""
    return plan.state_bytes + 4 * len(plan.rings) + 4


def _comment(plan: Plan, about: About) -> Iterator[str]:
    yield f"/* {about.title}, compiled for {plan.target.name} by nuthatch {about.version} (kernels: Apache-2.0)."
    if about.sha256:
        yield f"   From the .tflite file with the SHA-256 {about.sha256}."
    yield "   Do not edit: compile the model again. */"


def _ports(kind: str, prefix: str, tensors: list[Tensor], const: str) -> Iterator[str]:
    for i, t in enumerate(tensors):
        name = f"{prefix.upper()}_{kind.upper()}_{i}"
        yield f"/* {kind} {i}: {t.dtype} [{', '.join(map(str, t.shape))}] */"
        yield f"#define {name}_SHAPE {{{', '.join(map(str, t.shape)) or '1'}}}"
        yield f"#define {name}_BYTES {nbytes(t)}"
        if t.quantization is not None:
            yield f"#define {name}_SCALE {t.quantization.scale!r}f"
            yield f"#define {name}_ZERO_POINT {t.quantization.zero_point}"
        yield f"{const}{C_TYPES[t.dtype]} *{prefix}_{kind}_{i}(void);"
