"""A bundle's step graph, or its only one, as a shared library for the daemon (edge/runtime/native.py has the ABI)."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from converters.error import ConvertError
from converters.plan import Plan
from edge.manifest import Bundle
from edge.runtime import native

PREFIX = "model"
WIDE = "-Daligned(n)=aligned(32)"
"""gcc 12 takes constants for aligned to its vectors where the source asks for less, and does not align them so: at -O3
with AVX2 the library of a network for pictures crashes."""
_ABI = """#include <string.h>
#include "{prefix}.h"
#define NH_API __attribute__((visibility("default")))
NH_API int32_t nh_abi(void);
NH_API const char *nh_sha256(void);
NH_API const int32_t *nh_shape(void);
NH_API void nh_init(void *memory);
NH_API void nh_reset(void);
NH_API void nh_step(const int8_t *frames, int8_t *scores);
int32_t nh_abi(void) {{ return {abi}; }}
const char *nh_sha256(void) {{ return "{sha256}"; }}
const int32_t *nh_shape(void) {{
    static const int32_t shape[] = {{{shape}}};
    return shape;
}}
void nh_init(void *memory) {{ {prefix}_init(memory); }}
void nh_reset(void) {{ {prefix}_reset(); }}
void nh_step(const int8_t *frames, int8_t *scores) {{
    memcpy({prefix}_input_0(), frames, {frames});
    {prefix}_invoke();
    memcpy(scores, {prefix}_output_0(), {labels});
}}
"""


def abi_source(bundle: Bundle, plan: Plan) -> str:
    """The C that gives the compiled model (prefix ``model``) its place in the daemon."""
    manifest = bundle.manifest
    file, frames = ("model.tflite", manifest.window_frames)
    if manifest.stream is not None:
        file, frames = ("stream.tflite", manifest.stream.step_frames)
    bands, labels = manifest.frontend.bands, len(manifest.labels)
    if manifest.picture is not None:
        frames, width = manifest.picture.height, manifest.picture.width
        bands, labels = 3 * width, frames * width
    shape = f"{frames}, {bands}, {labels}, {plan.arena_bytes}"
    return _ABI.format(
        prefix=PREFIX,
        abi=native.ABI,
        sha256=manifest.files[file].sha256,
        shape=shape,
        frames=frames * bands,
        labels=labels,
    )


def build(
    files: Mapping[str, str], path: Path, compiler: str = "gcc", flags: Sequence[str] = ("-O3", "-march=native")
) -> Path:
    """Compile and link; the library appears whole or not at all."""
    if shutil.which(compiler) is None:
        raise ConvertError(f"no C compiler {compiler!r} on this machine; install gcc (apt-get install gcc libc6-dev)")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        sources = sorted(n for n in files if n.endswith(".c"))
        line = [
            compiler,
            "-std=c99",
            *flags,
            WIDE,
            "-fvisibility=hidden",
            "-shared",
            "-fPIC",
            *sources,
            "-o",
            "library.so",
        ]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ConvertError(f"{path.name}: {compiler} fails ({' '.join(done.stderr.split())[:200]})")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(folder) / "library.so", path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    return path


def default_path(bundle: Bundle, machine: str = "") -> Path:
    """Where the daemon looks for it."""
    return native.library_paths(bundle, machine or platform.machine())[1]
