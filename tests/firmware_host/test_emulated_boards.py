"""Every emulated board: its UART both ways, its counter, a fault with its registers, a reset."""

from __future__ import annotations

import re

import firmware_image
import numpy as np
import pytest
from tiny_graph import sigmoid

from converters.emit.about import About
from converters.firmware_header import firmware_files
from converters.plan import plan
from converters.target import target
from edge.board import known, open_board
from edge.link import Link, LinkError
from edge.transport import Process

EMULATED = [name for name in known() if open_board(name).qemu]


class Recorder(Process):
    """Keeps all that the board has said."""

    heard = b""

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self.heard += data
        return data


@pytest.mark.parametrize("name", EMULATED)
def test_a_board_answers_faults_and_comes_back(name, tmp_path):
    if not firmware_image.can_run(name):
        pytest.skip(f"nothing builds or runs {name} here")
    board = open_board(name)
    made = plan(sigmoid(5, 6, 2), target(board.target))
    elf = firmware_image.build(firmware_files(None, made, board, About("mask")), name, "portrait", tmp_path)
    recorder = Recorder(firmware_image.command(elf, name), name)
    frame = np.random.default_rng(3).integers(-100, 100, (5, 6, 2)).astype(np.int8)
    with Link(recorder, timeout_s=30) as link:
        info = link.info()
        assert (info["board"], info["unit"], info["constants_ok"]) == (name, "instructions", "1")
        assert 0 < int(info["ram_used"]) < 2048 and 0 < int(info["flash_used"]) < 16_384
        first, second = (link.infer(frame.tobytes(), 3) for _ in range(2))
        assert np.array_equal(np.frombuffer(first.raw, np.int8) >= 0, frame.ravel() >= 0)
        assert 0 <= first.cost.most - first.cost.least <= 2  # ticks are no whole instructions
        assert abs(first.cost.sum - second.cost.sum) <= 3
        assert 0 < link.stats()["stack_most"] < 1024
        with pytest.raises(LinkError, match="has restarted"):
            link.ask("fault")
        link.synchronize()
        told = re.search(rb"m-fault-\[cause=([0-9a-f]{8}),pc=([0-9a-f]{8}),", recorder.heard)
        assert told and board.flash.origin <= int(told[2], 16) < board.flash.origin + board.flash.bytes
        link.reset()
        assert link.stats()["faults"] == 1
        assert recorder.heard.count(b"m-fault-[") == 1  # a fault is told once
