"""A long stream: nothing lost, nothing late, nothing that grows."""

from __future__ import annotations

import numpy as np
import pytest

from edge.hearing import hear

RATE_HZ = 16_000
SHORT_S = 30
PART_S = 3600
"""Of one stream, which is in memory as a whole."""
BY_DEFAULT = ("native", "mps2-an386")
INTERRUPT_BYTES = 160
"""One may come when the stack is deepest, or not."""
GROWS_WITH_FAULTS = ("overruns", "bytes_lost", "lines_dropped", "blocks_damaged", "faults")


@pytest.fixture
def seconds(request, device) -> list[int]:
    """Of the streams, one after the other."""
    hours = request.config.getoption("--soak-hours", default=0.0)
    if not hours and device.board.id not in BY_DEFAULT:
        pytest.skip(f"without --soak-hours only on {' and '.join(BY_DEFAULT)}")
    whole = round(hours * 3600) or SHORT_S
    return [PART_S] * (whole // PART_S) + ([whole % PART_S] if whole % PART_S else [])


@pytest.mark.slow
@pytest.mark.one_model
@pytest.mark.timeout(0)
def test_hours_are_as_the_first_minute(device, link, kitchen, seconds, result):
    hear(link, device.recording, features=False)  # everything has been on the stack once
    before = link.stats()
    step = int(link.info()["step_samples"])
    for length in seconds:
        samples = np.resize(kitchen, length * RATE_HZ)
        found = hear(link, samples, features=False)
        assert [(e.position, e.label, e.score) for e in found.events] == device.daemon(samples)
        assert set(np.diff([s.position for s in found.steps])) == {step}
        assert len(found.steps) == len(device.frames(samples))
    after = link.stats()
    assert {k: after[k] - before[k] for k in GROWS_WITH_FAULTS} == dict.fromkeys(GROWS_WITH_FAULTS, 0)
    assert after["stack_most"] <= before["stack_most"] + INTERRUPT_BYTES
    result["soak_s"] = sum(seconds)
