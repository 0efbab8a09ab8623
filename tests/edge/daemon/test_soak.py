"""A short soak: the real daemon, fed through its pipe."""

from __future__ import annotations

from pathlib import Path

from edge.daemon.soak import Hour, Soak, page, soak

RECORDING = Path(__file__).parents[3] / "samples" / "kitchen.opus"


def test_every_sample_and_every_event_is_accounted_for():
    result = soak(["wake_alexa", "wake_computer_small"], RECORDING, 0.02, 30.0, lambda line: None)
    assert result.passed and result.given_samples == result.heard_samples == 72 * 16_000
    assert result.events == result.expected_events > 5 and result.largest_drift_s == 0.0
    assert "0 missing" in page(result, "nuthatch soak")


def test_what_grows_loses_or_misplaces_does_not_pass():
    well = {"given_samples": 9, "heard_samples": 9, "hours": [Hour(0.5, 70, 1), Hour(1.0, 80, 2), Hour(2.0, 84, 3)]}
    assert Soak(2.0, 20.0, [], **well).passed
    assert not Soak(2.0, 20.0, [], **{**well, "hours": [*well["hours"], Hour(3.0, 85.1, 4)]}).passed
    assert not Soak(2.0, 20.0, [], **{**well, "heard_samples": 8}).passed
    assert not Soak(2.0, 20.0, [], **well, misplaced_events=1).passed
