"""A board's route: the generated header and the C source, compiled alone, give the Python route's bits."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge.frontend import features, log_mel
from edge.frontend.emit_header import header

HERE = Path(__file__).parent
SOURCE = HERE.parents[2] / "firmware" / "lib" / "frontend"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def _compile(folder: Path, *options: str) -> Path:
    program = folder / "frontend"
    sources = [str(HERE / "main.c"), str(SOURCE / "nh_frontend.c")]
    command = [
        "gcc",
        "-std=c99",
        *WARNINGS,
        *options,
        f"-I{folder}",
        f"-I{SOURCE}",
        *sources,
        "-o",
        str(program),
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return program


def _check(program: Path, samples, config) -> int:
    """Compare the program's rows with Python's; gives the bytes of RAM that it states."""
    done = subprocess.run([program], input=samples.tobytes(), capture_output=True, check=True)
    rows = np.frombuffer(done.stdout, np.uint8).reshape(-1, 3 * config.bands)
    wide = np.ascontiguousarray(rows[:, : 2 * config.bands]).view(np.int16)
    np.testing.assert_array_equal(wide, log_mel(samples, config))
    np.testing.assert_array_equal(rows[:, 2 * config.bands :].view(np.int8), features(samples, config))
    return int(done.stderr)


# Of cores without long multiplication.
SHORT = "-DNH_FRONTEND_SHORT_PRODUCTS"


@pytest.mark.parametrize("products", ["-DNH_FRONTEND_NO_CLONES", SHORT])
def test_header_route(config, speech, tmp_path, products):
    (tmp_path / "tables.h").write_text(header(config))
    state_bytes = _check(_compile(tmp_path, "-Os", products), speech, config)
    assert 0 <= state_bytes - 4 * config.fft_size - 2 * config.window_samples < 64


@pytest.mark.parametrize("products", ["-DNH_FRONTEND_NO_CLONES", SHORT])
@pytest.mark.parametrize("config_name", ["default", "scene"])
def test_no_undefined_behaviour_at_full_scale(config_name, products, lcg, scene, tmp_path):
    """Signals at the limits of int16, under the sanitizers: no sum overflows, no access strays."""
    config = scene if config_name == "scene" else type(scene)()
    (tmp_path / "tables.h").write_text(header(config))
    options = ["-O1", "-DNH_FRONTEND_NO_CLONES", products, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    program = _compile(tmp_path, *options)
    square = np.where(np.arange(16_000) // 16 % 2 == 0, 32767, -32768).astype(np.int16)
    for samples in (square, np.full(8_000, -32768, np.int16), lcg):
        _check(program, samples, config)


def test_compiles_without_warnings_when_optimized(tmp_path):
    for option in ("-O3", "-O0"):
        command = ["gcc", "-std=c99", *WARNINGS, option, "-c", str(SOURCE / "nh_frontend.c")]
        built = subprocess.run([*command, "-o", str(tmp_path / "o")], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr


def test_c_needs_no_heap_and_no_libm(tmp_path):
    """What the object file leaves to others: memory moves, nothing else."""
    built = tmp_path / "frontend.o"
    options = ["-std=c99", "-O2", "-DNH_FRONTEND_NO_CLONES", "-fno-stack-protector"]
    subprocess.run(["gcc", *options, "-c", str(SOURCE / "nh_frontend.c"), "-o", str(built)], check=True)
    listed = subprocess.run(["nm", "-u", str(built)], capture_output=True, text=True, check=True).stdout
    needed = {line.split()[-1] for line in listed.splitlines()}
    assert needed <= {"memcpy", "memmove", "memset", "_GLOBAL_OFFSET_TABLE_"}
