"""The whole way on one chip: a recording's bits on the Pico's microphone pins, an event on its UART."""

from __future__ import annotations

import re

import pytest
from hal_image import ROOT, keyword

from edge.board import open_board

pytest.importorskip("rp2040py")
from test_rp2040 import Chip, Microphone  # noqa: E402  needs rp2040py

GAIN = 8
"""Of the hal, taken off beforehand."""
LONGEST = 100_000
"""Batches of 5 ms that a line may take."""


class Playing(Microphone):
    """Says samples of 16 bits instead of counting."""

    def __init__(self, chip, samples) -> None:
        super().__init__(chip)
        self.samples = samples

    def next_word(self) -> int:
        sample = int(self.samples[self.words]) if self.words < len(self.samples) else 0
        return (sample * 256 // GAIN & 0xFFFFFF) << 8


def told(board: Chip, pattern: str, lines: int) -> re.Match[str]:
    for _ in range(lines):
        found = re.match(pattern, " ".join(board.line(LONGEST)))
        if found:
            return found
    raise AssertionError(f"no line like {pattern}")


@pytest.mark.slow
def test_a_recording_on_the_microphone_s_pins_gives_the_daemon_s_event(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    samples = soundfile.read(ROOT / "samples" / "kitchen.opus", dtype="int16")[0]
    board = Chip(keyword(open_board("pico"), tmp_path / "keyword", "-DHAL_MIC_EMULATED=1"))
    Playing(board.chip, samples)
    told(board, "m-ready", 50)
    event = told(board, r"m-event-\[(\d+),(\d+),(\d+),computer\]", 5)
    assert int(event[1]) == 33_600  # the daemon's 2.1 s
    board.to_say += b"stats\n"
    assert told(board, r"m-stats-\[overruns=(\d+)\]", 50)[1] == "0"
