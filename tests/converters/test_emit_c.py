"""The generated text: clean for every compiler, callable from C++, two models beside one another."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from random_graphs import random_graph

from converters.emit.c import const_bytes, emit
from converters.emit.constant import literal
from converters.emit.paste import paste
from converters.emit.struct import struct_bytes
from converters.error import ConvertError
from converters.native import WARNINGS
from converters.plan import plan
from converters.run import run_steps
from converters.target import TARGETS, target

COMPILERS = [("gcc", "host"), ("clang", "host"), *((t.compiler, t.name) for t in TARGETS.values() if t.name != "host")]


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def call(line, folder):
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return done


@pytest.mark.parametrize("compiler, core", COMPILERS)
def test_no_compiler_has_a_word_to_say(compiler, core, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    flags = [*target(core).flags, *(["--specs=picolibc.specs"] if core == "rv32" else [])]
    for seed in (1, 2, 3):
        write(tmp_path, emit(plan(random_graph(seed, 12, states=True), target(core)), f"m{seed}"))
        for level in ("-O2", "-Os"):
            call([compiler, *flags, *WARNINGS, level, "-DM1_PROFILE", "-c", f"m{seed}.c", "-o", "m.o"], tmp_path)


def test_lines_are_readable():
    made = plan(random_graph(4, 12, states=True), target("host"))
    own = set("".join(emit(made).values()).splitlines()) - set(paste(s.kernel.source for s in made.steps).splitlines())
    assert max(map(len, own)) <= 120


def test_the_header_says_what_a_caller_needs():
    graph = random_graph(5, 6)
    text = emit(plan(graph, target("host")), "net")["net.h"]
    x = graph["x"]
    assert f"#define NET_INPUT_0_SHAPE {{{', '.join(map(str, x.shape))}}}" in text
    assert f"#define NET_INPUT_0_ZERO_POINT {x.q.zero_point}\n" in text
    scale = re.search(r"#define NET_INPUT_0_SCALE (\S+)f\n", text)
    assert scale is not None and np.float32(scale[1]) == np.float32(x.q.scale)
    assert f"#define NET_MACS {graph.macs()}\n" in text


CALLER = """
#include <cstdio>
#include <cstring>
#include "m1.h"
#include "m2.h"
alignas(16) static uint8_t arena[M1_ARENA_BYTES > M2_ARENA_BYTES ? M1_ARENA_BYTES : M2_ARENA_BYTES];
int main() {
    m1_init(arena);
    m2_init(arena);
    static uint8_t given[M1_INPUT_0_BYTES + M2_INPUT_0_BYTES];
    while (std::fread(given, 1, sizeof given, stdin) == sizeof given) {
        std::memcpy(m1_input_0(), given, M1_INPUT_0_BYTES);
        m1_invoke();
        std::fwrite(m1_output_0(), 1, M1_OUTPUT_0_BYTES, stdout);
        std::memcpy(m2_input_0(), given + M1_INPUT_0_BYTES, M2_INPUT_0_BYTES);
        m2_invoke();
        std::fwrite(m2_output_0(), 1, M2_OUTPUT_0_BYTES, stdout);
    }
}
"""


@pytest.mark.parametrize("c, cpp", [("gcc", "g++"), ("clang", "clang++")])
def test_two_models_share_an_arena(c, cpp, tmp_path):
    if shutil.which(c) is None or shutil.which(cpp) is None:
        pytest.skip(f"no {cpp}")
    graphs = [random_graph(seed, 6, states=True) for seed in (11, 12)]
    for i, g in enumerate(graphs, 1):
        write(tmp_path, emit(plan(g, target("host")), f"m{i}"))
    (tmp_path / "main.cpp").write_text(CALLER)
    call([c, *WARNINGS, "-O2", "-c", "m1.c", "m2.c"], tmp_path)
    call([cpp, "-std=c++11", "-Wall", "-Wextra", "-Werror", "main.cpp", "m1.o", "m2.o", "-o", "both"], tmp_path)
    rng = np.random.default_rng(0)
    steps = [[rng.integers(-128, 128, g["x"].shape).astype(np.int8) for g in graphs] for _ in range(20)]
    given = b"".join(x.tobytes() for pair in steps for x in pair)
    done = subprocess.run([str(tmp_path / "both")], input=given, capture_output=True, check=True)
    runs = [list(run_steps(g, [[pair[i]] for pair in steps])) for i, g in enumerate(graphs)]
    assert done.stdout == b"".join(a[0].tobytes() + b[0].tobytes() for a, b in zip(*runs, strict=True))


def test_layers_are_reported_when_asked(tmp_path):
    made = plan(random_graph(6, 6), target("host"))
    write(tmp_path, emit(made))
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "model.h"\nstatic uint8_t arena[MODEL_ARENA_BYTES + 1] '
        "__attribute__((aligned(16)));\n"
        'void model_layer(int i) { printf("%d %s\\n", i, model_layer_names[i]); }\n'
        "int main(void) { model_init(arena); model_invoke(); return 0; }\n"
    )
    call(["gcc", "-DMODEL_PROFILE", "-O1", "model.c", "main.c", "-o", "layers"], tmp_path)
    told = call(["./layers"], tmp_path).stdout.splitlines()
    assert told == [f"{i} {s.node.name}" for i, s in enumerate(made.steps)]


@pytest.mark.parametrize("prefix", ["Model", "1st", "a-b", "", "main", "int", "while"])
def test_prefixes_that_are_no_names_are_refused(prefix):
    with pytest.raises(ConvertError, match="prefix"):
        emit(plan(random_graph(1, 2), target("host")), prefix)


@pytest.mark.parametrize("value", [0, -1, 2**31 - 1, -(2**31), 2**31, 2**32 - 1, -(2**63), 2**63 - 1, 0.1, -1e-30])
def test_literals_are_read_back_exactly(value, tmp_path):
    kind = "float" if isinstance(value, float) else "int64_t"
    form = '"%.9g"' if isinstance(value, float) else '"%" PRId64'
    shown = "(double)v" if isinstance(value, float) else "v"
    (tmp_path / "v.c").write_text(
        "#include <inttypes.h>\n#include <stdio.h>\n"
        f"int main(void) {{ {kind} v = {literal(value)}; printf({form}, {shown}); return 0; }}\n"
    )
    call(["gcc", *WARNINGS, "v.c", "-o", "v"], tmp_path)
    told = call(["./v"], tmp_path).stdout
    assert (np.float32(told) == np.float32(value)) if isinstance(value, float) else int(told) == value


def test_struct_sizes_are_those_of_the_core():
    source = "#define N 3\ntypedef struct {\n int8_t a; /* x; */\n int32_t b, c[N];\n const int8_t *p, *q;\n} in_t;\n"
    source += "typedef struct { in_t i; uint8_t z[5]; int16_t k; } out_t;"
    assert struct_bytes("in_t", source) == 28 and struct_bytes("out_t", source) == 36
    with pytest.raises(ConvertError, match="other_t"):
        struct_bytes("other_t", source)


def test_constants_are_counted_as_linked(tmp_path):
    """Arrays and parameters in .rodata of an unoptimized object: what the plan says, to the byte."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")
    made = plan(random_graph(9, 10), target("cortex-m3"))
    write(tmp_path, emit(made))
    call(["arm-none-eabi-gcc", *target("cortex-m3").flags, "-std=c99", "-O0", "-c", "model.c"], tmp_path)
    table = call(["arm-none-eabi-nm", "-S", "model.o"], tmp_path).stdout
    rows = re.findall(r"^\S+ (\S+) \w [cp]\d+$", table, re.MULTILINE)
    sizes = [int(size, 16) for size in rows]
    assert sum(-(-s // 4) * 4 for s in sizes) == const_bytes(made)
