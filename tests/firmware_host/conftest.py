"""Firmware sources built for this machine: as a library for ctypes, as a program under the sanitizers."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

LIB = Path(__file__).parents[2] / "firmware" / "lib"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
TRAP = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")


def compile_c(sources: Sequence[Path], output: Path, *options: str, compiler: str = "gcc") -> Path:
    """Sources of ``firmware/lib``, whose folders are all searched for headers."""
    includes = [f"-I{folder}" for folder in (*sorted(p for p in LIB.iterdir() if p.is_dir()), LIB / "hal")]
    line = [compiler, *WARNINGS, "-O1", *options, *includes, *map(str, sources), "-o", str(output)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ctypes.CDLL]:
    """Sources (relative ones below ``firmware/lib``) -> the loaded library; undefined behaviour traps."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")

    def build(*names: str | Path) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("library")
        return ctypes.CDLL(str(compile_c([LIB / n for n in names], folder / "it.so", *TRAP, "-shared", "-fPIC")))

    return build
