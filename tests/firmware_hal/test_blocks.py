"""The byte ring and the microphone's halves, on this machine."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hal_image import HAL, WARNINGS

SOURCE = """
#include "blocks.h"
#include "ring.h"
static hal_ring_t ring;
static hal_blocks_t blocks;
static int32_t sample(uint32_t word) { return (int32_t)word >> 8; }
void put(uint8_t byte) { hal_ring_put(&ring, byte); }
int get(void) { return hal_ring_get(&ring); }
uint32_t lost(void) { return ring.lost; }
void start(void) { hal_blocks_start(&blocks); }
void fill(const int32_t *x) {
    for (uint32_t i = 0; i < HAL_MIC_BLOCK; i++) blocks.half[blocks.filled & 1u].wide[i] = (uint32_t)x[i] << 8;
    blocks.filled++;
}
const int16_t *take(uint32_t *count) { return hal_blocks_take(&blocks, sample, count); }
void give(void) { hal_blocks_give(&blocks); }
uint32_t overruns(void) { return blocks.overruns; }
uint32_t most(void) { return blocks.most; }
"""
BLOCK = 64


@pytest.fixture
def machine(tmp_path: Path) -> ctypes.CDLL:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    (tmp_path / "it.c").write_text(SOURCE)
    line = ["gcc", "-std=c99", "-O1", *WARNINGS, "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    line += ["-DHAL_RING_BYTES=16u", f"-DHAL_MIC_BLOCK={BLOCK}u", f"-I{HAL}", "-shared", "-fPIC", "it.c", "-o", "it.so"]
    subprocess.run(line, cwd=tmp_path, check=True)
    library = ctypes.CDLL(str(tmp_path / "it.so"))
    library.take.restype = ctypes.POINTER(ctypes.c_int16)
    return library


def fill(machine, value: int) -> None:
    machine.fill((ctypes.c_int32 * BLOCK)(*[value] * BLOCK))


def take(machine) -> np.ndarray | None:
    count = ctypes.c_uint32()
    found = machine.take(ctypes.byref(count))
    return np.ctypeslib.as_array(found, (count.value,)).copy() if found else None


def test_the_ring_keeps_order_and_counts_what_finds_no_room(machine):
    assert machine.get() == -1
    for byte in range(20):
        machine.put(byte)
    assert [machine.get() for _ in range(17)] == [*range(16), -1]
    assert machine.lost() == 4
    for byte in range(200):  # round and round
        machine.put(byte)
        assert machine.get() == byte


def test_a_block_is_there_once_and_stays_until_it_is_given_back(machine):
    machine.start()
    assert take(machine) is None
    fill(machine, 0)
    first = take(machine)
    assert first is not None and len(first) == BLOCK
    assert np.array_equal(take(machine), first)
    machine.give()
    assert take(machine) is None
    assert machine.overruns() == 0


def test_blocks_that_were_overwritten_are_counted_and_skipped(machine):
    machine.start()
    for _ in range(3):
        fill(machine, 0)
    assert take(machine) is not None
    assert (machine.overruns(), machine.most()) == (2, 3)
    fill(machine, 0)  # while it is read
    fill(machine, 0)
    machine.give()
    assert machine.overruns() == 3
    assert take(machine) is not None
    machine.give()
    assert take(machine) is None


def test_the_constant_part_goes_speech_stays_and_loud_is_clipped(machine):
    machine.start()
    t = np.arange(BLOCK)
    tone = np.round(20_000 * np.sin(2 * np.pi * t / 16)).astype(int)
    heard = []
    for _ in range(60):
        machine.fill((ctypes.c_int32 * BLOCK)(*(400_000 + tone)))
        heard.append(take(machine))
        machine.give()
    last = heard[-1].astype(float)
    assert abs(last.mean()) < 10
    assert last.max() == pytest.approx(20_000 / 32, rel=0.02)  # 24 to 16 bits, times 8
    fill(machine, 8_000_000)
    assert take(machine).max() == 32767
