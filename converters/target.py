"""What code is compiled for: one core family each, with the instructions its kernels may use."""

from __future__ import annotations

from dataclasses import dataclass

from converters.error import ConvertError

ISAS = ("portable", "dsp", "mve")


@dataclass(frozen=True)
class Target:
    """A core. ``isa``: portable C, Armv7E-M/Armv8-M DSP, or Armv8.1-M MVE (which has DSP too)."""

    name: str
    isa: str
    unaligned: bool
    """Loads of 2 and 4 bytes may start anywhere."""
    flags: tuple[str, ...]
    """What gcc and clang must be told."""
    compiler: str = "arm-none-eabi-gcc"
    spare_bytes: int = 0
    """Scratch that a kernel may take because nothing else is there meanwhile (``plan/gaps.py``)."""

    def __post_init__(self) -> None:
        if self.isa not in ISAS:
            raise ConvertError(f"{self.name}: no instruction set {self.isa!r}; there are {', '.join(ISAS)}")
        if self.isa != "portable" and not self.unaligned:
            raise ConvertError(f"{self.name}: {self.isa} kernels load unaligned words")

    @property
    def armv6m(self) -> bool:
        """Eight registers for most instructions, no long multiplication."""
        return self.name in ("cortex-m0", "cortex-m0+")

    @property
    def isas(self) -> tuple[str, ...]:
        """Kernels that run here, best first."""
        return ISAS[ISAS.index(self.isa) :: -1]


def _arm(core: str, isa: str, *extra: str) -> Target:
    return Target(f"cortex-{core}", isa, core not in ("m0", "m0plus"), (f"-mcpu=cortex-{core}", "-mthumb", *extra))


_HARD = ("-mfloat-abi=hard",)
TARGETS = {
    t.name: t
    for t in (
        _arm("m0", "portable"),
        Target("cortex-m0+", "portable", False, ("-mcpu=cortex-m0plus", "-mthumb")),
        _arm("m3", "portable"),
        _arm("m4", "dsp", *_HARD, "-mfpu=fpv4-sp-d16"),
        _arm("m7", "dsp", *_HARD, "-mfpu=fpv5-d16"),
        _arm("m33", "dsp", *_HARD, "-mfpu=fpv5-sp-d16"),
        _arm("m55", "mve", *_HARD),
        Target("rv32", "portable", False, ("-march=rv32imac", "-mabi=ilp32"), "riscv64-unknown-elf-gcc"),
        Target("host", "portable", True, (), "gcc"),
    )
}


def target(name: str) -> Target:
    """By name, also without ``cortex-``; raises ConvertError with the list."""
    found = TARGETS.get(name) or TARGETS.get(f"cortex-{name}")
    if found is None:
        raise ConvertError(f"no target {name!r}; there are {', '.join(TARGETS)}")
    return found
