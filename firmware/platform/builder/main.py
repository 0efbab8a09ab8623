"""Builds a program for a board of boards/<id>.ini with the system's compilers; uploads it into its emulator."""

import sys
from pathlib import Path

from SCons.Script import COMMAND_LINE_TARGETS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
sys.path.insert(0, env.PioPlatform().get_dir())
from core import core  # noqa: E402  files of this platform
from memory import link, region  # noqa: E402
from uploads import upload  # noqa: E402

HAL = Path(env.GetProjectConfig().get("platformio", "lib_dir")) / "hal"


def option(name: str) -> str:
    return str(env.GetProjectOption(f"custom_{name}", "")).strip()


def tools(prefix: str) -> None:
    env.Replace(
        AR=f"{prefix}gcc-ar",
        AS=f"{prefix}gcc",
        CC=f"{prefix}gcc",
        CXX=f"{prefix}g++",
        GDB="gdb-multiarch" if prefix else "gdb",
        LINK="$CC",
        OBJCOPY=f"{prefix}objcopy",
        RANLIB=f"{prefix}gcc-ranlib",
        SIZETOOL=f"{prefix}size",
        ARFLAGS=["rc"],
        PROGNAME="firmware",
        PROGSUFFIX=".elf",
        SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
        SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
        SIZEPROGREGEXP=r"^(?:\.boot2|\.text|\.rodata|\.data|\.ARM\.exidx|\.inputs)\s+(\d+).*",
        SIZEDATAREGEXP=r"^(?:\.data|\.bss|\.noinit)\s+(\d+).*",
    )


try:
    found = core(option("target"))
    flash, ram = region(option("flash")), region(option("ram"))
except ValueError as e:
    sys.exit(f"boards/{env['PIOENV']}.ini: {e}")
memory = link(env, HAL, option("hal").split(), flash, ram) if flash and ram else []
tools(found["prefix"])
env.Append(
    ASFLAGS=found["flags"],
    CCFLAGS=[*found["flags"], *found["compile"], *found["specs"], "-O2", "-g", "-Wall"],
    CXXFLAGS=["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    LINKFLAGS=[*found["flags"], *found["specs"], *memory, "-Wl,--gc-sections", "-Wl,-Map,$BUILD_DIR/firmware.map"],
)
env.Append(CCFLAGS=["-ffunction-sections", "-fdata-sections"])

built = "$BUILD_DIR/${PROGNAME}$PROGSUFFIX"
program = built if "nobuild" in COMMAND_LINE_TARGETS else env.BuildProgram()
AlwaysBuild(env.Alias("nobuild", program))
env.AddPlatformTarget("size", program, env.VerboseAction("$SIZEPRINTCMD", "Size of $SOURCE"), "Program size")
AlwaysBuild(env.Alias("upload", program, env.VerboseAction(upload, "Starting $SOURCE")))
Default(env.Alias("buildprog", program, program))
