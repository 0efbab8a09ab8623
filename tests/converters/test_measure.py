"""Emulated boards count exactly, and say what a model takes and answers."""

from __future__ import annotations

import shutil

import numpy as np
import op_cases
import pytest

from converters.emit.c import const_bytes, emit
from converters.emit.header import static_bytes
from converters.error import ConvertError
from converters.graph import Graph, Tensor
from converters.measure import emulator, toolchain
from converters.measure.image import regions
from converters.measure.measurement import measure
from converters.measure.protocol import parse
from converters.plan import plan
from converters.run import outputs
from converters.target import target
from edge.board import Board, known, open_board

BOARDS = [b for b in map(open_board, known()) if b.emulated]


def need(board: Board) -> None:
    for name in (target(board.target).compiler, emulator.program(board)):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")


@pytest.fixture(params=BOARDS, ids=lambda b: b.id)
def board(request):
    need(request.param)
    return request.param


LOOP = """
#include "model.h"
static int32_t answer[2];
static volatile uint8_t deep[4] = {1, 2, 3, 4};
void model_init(void *arena) { (void)arena; answer[0] = 0; }
int32_t *model_input_0(void) { return answer; }
int32_t *model_output_0(void) { return answer; }
__attribute__((noinline)) static void spin(void) {
#if defined(__arm__)
    __asm volatile(".syntax unified\\n ldr r0, =%c0\\n 1: subs r0, #1\\n bne 1b" ::"i"(TURNS) : "r0", "cc");
#else
    __asm volatile("li t0, %0\\n 1: addi t0, t0, -1\\n bnez t0, 1b" ::"i"(TURNS) : "t0");
#endif
}
void model_invoke(void) { answer[1] = answer[0] + deep[2]; spin(); }
"""
HEADER = """
#include <stdint.h>
#define MODEL_ARENA_BYTES 0
void model_init(void *arena);
void model_invoke(void);
int32_t *model_input_0(void);
int32_t *model_output_0(void);
"""


def spin(board: Board, turns: int):
    tensors = {n: Tensor(n, s, "int32") for n, s in (("x", (1,)), ("y", (2,)))}
    steps = [[np.array([n], np.int32)] for n in (5, -7)]
    files = {"model.h": HEADER, "model.c": LOOP}
    return measure(files, Graph(("x",), ("y",), (), tensors), board, steps, flags=[f"-DTURNS={turns}"])


def test_a_loop_of_known_length_is_counted_exactly(board):
    few, many = spin(board, 1_000), spin(board, 1_001_000)
    assert many.instructions - few.instructions == pytest.approx(2 * 1_000_000, abs=2)


def test_a_counter_that_overflows_is_still_exact():
    """30 M instructions are 48 M ticks: SysTick's 24 bits are over twice."""
    board = open_board("mps2-an386")
    need(board)
    assert spin(board, 15_000_000).instructions - spin(board, 1_000).instructions == pytest.approx(29_998_000, abs=2)


def test_outputs_come_back_step_by_step(board):
    answers = spin(board, 10).report.answers(
        Graph(("x",), ("y",), (), {n: Tensor(n, s, "int32") for n, s in (("x", (1,)), ("y", (2,)))})
    )
    assert [a[0].tolist() for a in answers] == [[5, 8], [-7, -4]]


def test_sizes_are_of_the_model_alone(board):
    found = spin(board, 10)
    assert 0 < found.sizes.code < 120
    assert found.sizes.library_code == 0
    assert found.sizes.static == 8 + 4
    assert found.sizes.constants == 4  # the first value of `deep`
    assert found.report.stack_bytes <= 32


def test_a_kernel_on_every_board_is_the_reference(board):
    case = op_cases.case_for("conv", 3)
    made = plan(case.graph, target(board.target))
    found = measure(emit(made), case.graph, board, [case.inputs] * 2)
    for answer in found.report.answers(case.graph):
        np.testing.assert_array_equal(answer[0], outputs(case.graph, case.inputs)[0])
    assert found.report.invokes[0] == pytest.approx(found.report.invokes[1], abs=2)


def test_code_that_faults_is_reported():
    board = open_board("mps2-an386")
    need(board)
    files = {"model.h": HEADER, "model.c": LOOP.replace("spin();", "*(volatile int *)0xF0000000 = 1;")}
    graph = Graph((), (), (), {})
    with pytest.raises(ConvertError, match="mps2-an386: the program stopped with 3"):
        measure(files, graph, board, [[]], flags=["-DTURNS=1"])


def test_an_image_that_does_not_fit_names_the_region():
    board = open_board("microbit")
    need(board)
    files = {"model.h": HEADER.replace("BYTES 0", "BYTES 20000"), "model.c": LOOP}
    with pytest.raises(ConvertError, match="region `RAM' overflowed"):
        measure(files, Graph((), (), (), {}), board, [[]], flags=["-DTURNS=1"])


def test_what_is_not_installed_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(toolchain.shutil, "which", lambda _: None)
    with pytest.raises(ConvertError, match="qemu-system-arm is not installed; apt-get install qemu-system-arm"):
        toolchain.tool("qemu-system-arm")


def test_a_board_without_memory_is_refused():
    with pytest.raises(ConvertError, match="native: no custom_flash"):
        regions(open_board("native"))


def test_a_line_that_is_none_of_ours_is_refused():
    with pytest.raises(ConvertError, match="which is no line of a measurement"):
        parse("invoke zz\n", open_board("microbit"))


def test_memory_is_known_before_the_linker_ran():
    """Variables are those of the image; of the constants, a compiler may fold some into the code."""
    board = open_board("mps2-an386")
    need(board)
    for folder in ("conv", "svdf", "split"):
        case = op_cases.case_for(folder, 1)
        made = plan(case.graph, target(board.target))
        found = measure(emit(made), case.graph, board, [case.inputs])
        assert found.sizes.static == static_bytes(made), folder
        assert found.sizes.constants <= const_bytes(made) + 64, folder  # alignment, tables of kernels


def test_cortex_m0_code_takes_the_same_on_an_armv7_m_core():
    case = op_cases.case_for("conv", 3)
    counts = []
    for name in ("microbit", "mps2-an385-m0plus"):
        board = open_board(name)
        need(board)
        made = plan(case.graph, target(board.target))
        counts.append(measure(emit(made), case.graph, board, [case.inputs]).instructions)
    assert counts[0] == pytest.approx(counts[1], abs=2)
