"""Any kernels may meet in one generated file: their names do not collide, and no compiler warns of them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from converters.emit.paste import OPS, paste
from converters.native import WARNINGS
from converters.target import TARGETS

SUFFIXES = {"portable": ("",), "dsp": ("", "_dsp"), "mve": ("", "_dsp", "_mve")}


def sources(isa: str) -> list[str]:
    """All kernels that a core of this instruction set may be given."""
    found = sorted(str(f.relative_to(OPS)) for f in OPS.glob("*/*.c"))
    others = [s for i, names in SUFFIXES.items() for s in names if s not in SUFFIXES[isa]]
    return [f for f in found if not any(f.endswith(f"{s}.c") for s in others)]


@pytest.mark.parametrize("name", TARGETS)
def test_all_kernels_stand_in_one_file(name, tmp_path):
    core = TARGETS[name]
    if shutil.which(core.compiler) is None:
        pytest.skip(f"{core.compiler} is not installed")
    (tmp_path / "all.c").write_text(paste(["include/nh.h", *sources(core.isa)]))
    # Debian keeps the headers of RISC-V's C library where only its specs look.
    specs = ["--specs=picolibc.specs"] if name == "rv32" else []
    line = [core.compiler, *core.flags, *specs, *WARNINGS, "-O1", "-c", "all.c", "-o", "all.o"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[:3000]
