"""The guard of the figures guards."""

from __future__ import annotations

from types import SimpleNamespace

import budget
import pytest
from subject import emulated, parse

from edge.board import open_board

BOARD = open_board("mps2-an386")
DEVICE = SimpleNamespace(board=BOARD, name="words")


@pytest.mark.parametrize(("found", "over"), [(1000, []), (1024, []), (1025, ["model"]), (10, [])])
def test_a_figure_may_grow_by_two_percent(found, over):
    lines = budget.exceeded(DEVICE, {"model": 1000}, {"model": found})
    assert [line.partition(": ")[2].split()[0] for line in lines] == over


def test_the_line_names_board_model_figure_and_remedy():
    (line,) = budget.exceeded(DEVICE, {"flash_bytes": 1000}, {"flash_bytes": 1100})
    assert line.startswith("mps2-an386, words: flash_bytes is 1,100, 10.0% over the 1,000 of tests/budgets")
    assert line.endswith("--accept-budgets")


def test_figures_are_accepted_by_compiler(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "FOLDER", tmp_path / "budgets")
    assert budget.read(BOARD) == {}
    budget.accept(BOARD, "gcc 1", "b", {"model": 2})
    budget.accept(BOARD, "gcc 1", "a", {"model": 1})
    assert budget.read(BOARD) == {"compiler": "gcc 1", "models": {"a": {"model": 1}, "b": {"model": 2}}}
    budget.accept(BOARD, "gcc 2", "a", {"model": 3})
    assert budget.read(BOARD) == {"compiler": "gcc 2", "models": {"a": {"model": 3}}}


def test_what_board_names():
    assert parse("mps2-an386") in emulated()
    assert parse("nucleo_l4r5zi@/dev/ttyACM0").port == "/dev/ttyACM0"
    with pytest.raises(ValueError, match="say where it is: nucleo_l4r5zi@"):
        parse("nucleo_l4r5zi")
