"""A board hears what the daemon hears, at the same samples."""

from __future__ import annotations

import pytest


def test_events_are_the_daemon_s(device, heard, result):
    expected = device.daemon(device.recording)
    assert expected, "nothing is to be heard; take another recording"
    assert [(e.position, e.label, e.score) for e in heard.events] == expected
    result["events"], result["seconds"] = len(expected), round(len(device.recording) / 16_000, 2)


@pytest.mark.one_model
def test_a_second_recording_begins_anew(device, link):
    """Positions count from its own beginning, and nothing of the first is left."""
    samples = device.recording[: 16_000 // 2]
    positions: list[list[int]] = [[], []]
    link.ask("steps on")
    for found in positions:
        link.steps = lambda step, found=found: found.append(step.position)
        assert list(link.play(samples)) == []
    assert positions[0] == positions[1] != []
    link.ask("steps off")
