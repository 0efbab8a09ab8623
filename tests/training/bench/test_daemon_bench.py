"""The daemon's steady state is measured on the real process."""

from __future__ import annotations

from training.bench.daemon import OURS, compare, text


def test_both_are_measured_in_one_run(monkeypatch):
    monkeypatch.setattr("training.bench.daemon.SETTLE_S", 4.0)
    result = compare(["wake_computer_small"], 2.0)
    ours = result["costs"][OURS]
    assert ours["models"] == ["wake_computer_small"] and 20 < ours["resident_mb"] < 200 and ours["cpu_percent"] < 100
    assert OURS in text(result) and ("ratio" in result) == (len(result["costs"]) == 2)
