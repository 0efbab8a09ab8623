"""The table of boards is made of results, and says what they do not show."""

from __future__ import annotations

from converters.measure.boards_page import goals, page


def model(largest: int, unit: str = "instructions", **more) -> dict:
    stages = {s: {"median": 1000, "p95": 2000, "largest": 3000} for s in ("frontend", "model", "decide")}
    stages["step"] = {"median": 1, "p95": 2, "largest": largest}
    made = {"stages": stages, "step_us": 40_000, "unit": unit, "ticks_hz": 10**9, "frames": 196}
    return {**made, "static_bytes": 1, "stack_bytes": 2, "ram_bytes": 3 * 1024, "flash_bytes": 200 * 1024, **more}


RESULTS = [
    {"board": "native", "target": "host", "clock_hz": 0, "models": {"commands12": model(4_000_000, "ns")}},
    {
        "board": "mps2-an386",
        "target": "cortex-m4",
        "title": "Arm MPS2",
        "date": "2020-02-20",
        "clock_hz": 25_000_000,
        "tools": ["gcc 1", "qemu 2"],
        "models": {"wake_computer": model(512_000), "other": {"frames": 7}},
    },
]


def test_goals_are_of_the_largest_step_at_64_mhz():
    found = {g.what: (g.reached, g.limit) for g in goals(RESULTS)}
    assert found == {
        "wake_computer, share of real time": (20.0, 25),
        "wake_computer, RAM with stack": (3.0, 32),
        "wake_computer, flash": (200.0, 144),
    }
    assert goals(RESULTS[:1]) == []


def test_the_page_has_every_model_of_every_board_this_machine_last():
    text = page(RESULTS)
    assert text.index("| mps2-an386 | wake_computer") < text.index("| native | commands12")
    assert "| wake_computer, flash | 144 KB | 200.0 KB | **missed** |" in text
    assert "| 12.8 of 25 MHz |" in text
    assert "| 10.0 % of the time |" in text
    assert "| mps2-an386 | Arm MPS2 | 2020-02-20 | gcc 1; qemu 2 |" in text


def test_a_check_that_did_not_pass_is_not_shown_as_passed():
    line = next(x for x in page(RESULTS).splitlines() if x.startswith("| mps2-an386 | other |"))
    assert line.split(" | ")[3:5] == ["7", "**not shown**"]
