"""Builds a program for a board of boards/<id>.ini with the system's compilers; uploads it into its emulator."""

import json
import re
import sys
from pathlib import Path

from SCons.Script import COMMAND_LINE_TARGETS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
PLATFORM = Path(env.PioPlatform().get_dir())
sys.path.insert(0, str(PLATFORM))
from memory import region, regions  # noqa: E402  a file of this platform
from uploads import upload  # noqa: E402

HAL = Path(env.subst("$PROJECT_LIB_DIR") or Path(env.subst("$PROJECT_DIR")) / "lib") / "hal"


def option(name: str, default: str = "") -> str:
    return str(env.GetProjectOption(f"custom_{name}", default)).strip()


def core() -> dict:
    """Compiler and flags of custom_target; ends the build for one that is not there."""
    cores = json.loads((PLATFORM / "cores.json").read_text("utf-8"))
    target = option("target")
    if target not in cores:
        sys.exit(f"{env['PIOENV']}: no core custom_target = {target!r}; there are {', '.join(cores)}")
    return {"prefix": "arm-none-eabi-", "specs": "nosys.specs", "compile": [], **cores[target]}


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


def memory() -> list:
    """The linker's flags for the board's memory; none for the host."""
    flash, ram = region(option("flash")), region(option("ram"))
    if not flash or not ram:
        return []
    board = env.BoardConfig()
    board.update("upload.maximum_size", flash[1])
    board.update("upload.maximum_ram_size", ram[1])
    folder = Path(env.subst("$BUILD_DIR"))
    folder.mkdir(parents=True, exist_ok=True)
    text = regions(flash, ram)
    if not (folder / "regions.ld").is_file() or (folder / "regions.ld").read_text() != text:
        (folder / "regions.ld").write_text(text)
    own = [HAL / family / "image.ld" for family in reversed(option("hal").split())]
    env.Replace(LDSCRIPT_PATH=str(next((s for s in own if s.is_file()), HAL / "image.ld")))
    return ["-nostartfiles", f"-L{folder}", "-Wl,--no-warn-rwx-segments"]


found = core()
specs = [f"--specs={found['specs']}"] if found["specs"] else []
tools(found["prefix"])
env.Append(
    ASFLAGS=found["flags"],
    CCFLAGS=[*found["flags"], *found["compile"], *specs, "-g", "-Wall", "-ffunction-sections", "-fdata-sections"],
    CXXFLAGS=["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    LINKFLAGS=[*found["flags"], *specs, *memory(), "-Wl,--gc-sections", "-Wl,-Map,$BUILD_DIR/firmware.map"],
)
if not re.search(r"-O\w", " ".join(map(str, env.GetProjectOption("build_flags", [])))):
    env.Append(CCFLAGS=["-O2"])

built = "$BUILD_DIR/${PROGNAME}$PROGSUFFIX"
program = built if "nobuild" in COMMAND_LINE_TARGETS else env.BuildProgram()
AlwaysBuild(env.Alias("nobuild", program))
env.AddPlatformTarget("size", program, env.VerboseAction("$SIZEPRINTCMD", "Size of $SOURCE"), "Program size")
AlwaysBuild(env.Alias("upload", program, env.VerboseAction(upload, "Starting $SOURCE")))
Default(env.Alias("buildprog", program, program))
