"""The sources of this library for a board: its families' folders (custom_hal) and its UART (custom_uart)."""

from SCons.Script import DefaultEnvironment, Import

Import("env")  # of this library alone
library = env  # noqa: F821  SCons puts it there
project = DefaultEnvironment()


def option(name: str, default: str = "") -> str:
    return str(project.GetProjectOption(f"custom_{name}", default)).strip()


def families() -> list[str]:
    """Folders; by default the one of the core."""
    target = option("target")
    default = {"host": "native", "rv32": "rv32"}.get(target, "cortexm")
    return option("hal", default).split()


driver, _, base = option("uart").partition(" ")
wanted = ["*.c", *(f"{f}/*.c" for f in families()), *(f"{f}/*.cpp" for f in families()), f"uart/{driver or 'none'}.c"]
library.Replace(SRC_FILTER=["-<*>", *(f"+<{w}>" for w in wanted)])
library.Append(CPPDEFINES=[("HAL_CLOCK_HZ", f"{option('clock_hz', '0')}u"), ("UART_BASE", f"{base or '0'}u")])
