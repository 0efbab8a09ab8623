"""What each stage of a step takes: instructions on emulated boards, cycles and microseconds on real ones."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from budget import exceeded, figures

from converters.measure.boards_page import goals


def test_steps_are_made_in_time(device, heard, memory, result):
    """The largest step is over before the next begins; on this machine, which does other things too, most are."""
    stages = heard.stages()
    result["unit"], result["ticks_hz"], result["step_us"] = memory.unit, memory.ticks_hz, memory.step_us
    result["stages"] = {name: asdict(s) for name, s in stages.items()}
    taken = stages["step"].median if device.board.target == "host" else stages["step"].largest
    if memory.unit != "instructions":
        assert taken * 1_000_000 / memory.ticks_hz < memory.step_us


def test_memory_is_what_the_board_says(device, heard, memory, result):
    if device.board.target == "host":
        pytest.skip("a process of this machine has as much as it likes")
    assert 0 < memory.flash_bytes <= device.board.flash.bytes
    assert 0 < memory.ram_bytes <= device.board.ram.bytes
    result |= {k: getattr(memory, k) for k in ("static_bytes", "stack_bytes", "ram_bytes", "flash_bytes")}


def test_no_figure_is_more_than_two_percent_over_its_budget(device, heard, memory, budget):
    """tests/budgets/<board>.json; --accept-budgets writes what is measured now."""
    if not device.board.simulated or device.board.target == "host":
        pytest.skip("clocks are not counted to the instruction")
    found = figures(heard, memory)
    over = exceeded(device, budget(device.name, found), found)
    assert not over, "; ".join(over)


def test_goals_are_reached(device, heard, memory):
    """At one instruction a cycle on a Cortex-M4 at 64 MHz."""
    made = {"stages": {k: asdict(s) for k, s in heard.stages().items()}, "step_us": memory.step_us}
    made |= {"ram_bytes": memory.ram_bytes, "flash_bytes": memory.flash_bytes, "unit": memory.unit}
    results = [{"board": device.board.id, "models": {device.name: made}}]
    missed = [g for g in goals(results) if g.reached > g.limit]
    assert not missed, "; ".join(f"{g.what}: {g.reached} of {g.limit} {g.unit}" for g in missed)
