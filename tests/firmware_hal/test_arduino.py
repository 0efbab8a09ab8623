"""The Arduino part compiles against declarations of exactly what it calls, as each core would compile it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hal_image import HAL, WARNINGS, run

STUBS = Path(__file__).parent / "stubs"
CORES = {
    "nano33ble": ("-DARDUINO_ARDUINO_NANO33BLE", "-DARDUINO_ARCH_MBED", "-mcpu=cortex-m4"),
    "esp32": ("-DARDUINO_ARCH_ESP32", "-mcpu=cortex-m4"),  # its own compiler is not a Debian package
    "pico": ("-DARDUINO_ARCH_RP2040", "-mcpu=cortex-m0plus"),
    "teensy41": ("-DTEENSYDUINO=159", "-mcpu=cortex-m7"),
}
SOURCES = sorted((HAL / "arduino").glob("*.cpp"))
FLAGS = (
    "-mthumb",
    "-std=gnu++14",
    "-O2",
    "-fno-exceptions",
    "-fno-rtti",
    "-DARDUINO=10819",
    "-DHAL_CLOCK_HZ=64000000u",
)


@pytest.mark.parametrize("core", CORES)
def test_every_declared_function_of_the_hal_is_there(core, tmp_path):
    """Compiled and linked in part: what is left undefined is Arduino's, or the C library's."""
    line = ["arm-none-eabi-g++", *CORES[core], *FLAGS, *WARNINGS, f"-I{STUBS}", f"-I{HAL}"]
    objects = [tmp_path / f"{p.stem}.o" for p in SOURCES]
    for source, made in zip(SOURCES, objects, strict=True):
        run([*line, "-c", str(source), "-o", str(made)])
    c = ["arm-none-eabi-gcc", *CORES[core], "-mthumb", "-std=c99", "-O2", "-DARDUINO=10819", *WARNINGS, f"-I{HAL}"]
    run([*c, "-c", str(HAL / "absent.c"), "-o", str(tmp_path / "absent.o")])
    whole = tmp_path / "whole.o"
    run(["arm-none-eabi-ld", "-r", "-o", str(whole), *map(str, objects), str(tmp_path / "absent.o")])
    undefined = run(["arm-none-eabi-nm", "-u", str(whole)]).split()
    assert [u for u in undefined if u.startswith(("hal_", "mic_"))] == []
    assert "nh_main" in undefined
    defined = {x.split()[2]: x.split()[1] for x in run(["arm-none-eabi-nm", "--defined-only", str(whole)]).splitlines()}
    assert all(defined[n] == "T" for n in ("hal_mic_take", "hal_watchdog_feed", "hal_settings_write", "hal_reboot"))
    assert ".noinit" not in run(["arm-none-eabi-size", "-A", str(whole)])  # their linker scripts do not know it


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_another_core_is_refused(source):
    line = ["arm-none-eabi-g++", *FLAGS, f"-I{STUBS}", f"-I{HAL}", "-fsyntax-only", str(source)]
    with pytest.raises(AssertionError, match="no core of Arduino that hal/arduino knows"):
        run(line)
