"""Whatever happens to the line or to the board: a clear error or none, and then it works again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge.link import LinkError

pytestmark = pytest.mark.one_model
SHORT = 8_000
"""Samples: some steps, no event."""


def play(link, samples, at_first_step: Callable[[], None] | None = None) -> list[int]:
    """Positions of the steps; calls ``at_first_step`` in the middle of the recording."""
    found: list[int] = []

    def step(one) -> None:
        found.append(one.position)
        if len(found) == 1 and at_first_step is not None:
            at_first_step()

    link.steps = step
    link.ask("steps on")
    list(link.play(samples))
    link.ask("steps off")
    link.steps = None
    return found


@pytest.fixture
def samples(device) -> np.ndarray:
    return device.recording[:SHORT]


@pytest.fixture
def expected(device, samples) -> list[int]:
    """Positions of the steps that the host makes of it."""
    config, stream = device.bundle.manifest.frontend, device.bundle.manifest.stream
    steps = len(device.frames(samples))
    return [((k + 1) * stream.step_frames - 1) * config.hop_samples + config.window_samples for k in range(steps)]


def test_a_reset_in_the_middle_is_told_and_leaves_a_fresh_board(link, samples, expected):
    with pytest.raises(LinkError, match=r"the board has restarted .*start again"):
        play(link, samples, lambda: link.transport.write(b"\nreset\n", 5))
    link.synchronize()
    assert play(link, samples) == expected


def test_a_reset_that_was_asked_for(link, samples, expected):
    link.reset()
    assert link.stats()["steps"] == 0
    assert play(link, samples) == expected


@pytest.mark.parametrize(
    "noise",
    [np.random.default_rng(1).bytes(700), b"inf", b"x" * 1500, b"x" * 1500 + b"\n", b"\n%\r\n%%"],
    ids=["garbage", "half a line", "long half line", "long line", "empty lines"],
)
def test_noise_before_a_question(link, noise):
    link.transport.write(noise, 5)
    assert link.info()["protocol"] == "1"
    assert link.stats()["faults"] == 0


def test_questions_that_somebody_else_has_left_unanswered(link):
    link.transport.write(b"db load 5\ninfo\nhelp\ndb 00", 5)
    link.synchronize()
    assert link.info()["protocol"] == "1"


def test_noise_in_the_middle_of_a_recording(link, samples, expected):
    damaged = link.stats()["blocks_damaged"]
    assert play(link, samples, lambda: link.transport.write(b"a 0000 ffff AAAA\nxy\xff\n\x00a 1", 5)) == expected
    assert link.stats()["blocks_damaged"] > damaged


def test_another_reader_comes_in_the_middle(device, samples, expected):
    with device.link() as first, pytest.raises(LinkError, match="gone"):
        play(first, samples, lambda: _gone(first))
    with device.link() as second:
        assert play(second, samples) == expected


def _gone(link) -> None:
    raise LinkError("gone")


def test_power_off_in_the_middle(device, samples, expected):
    if device.power is None:
        pytest.skip("nobody pulls the cable of a board on a desk")
    with device.link() as link, pytest.raises(LinkError, match=r"has closed.*; start it again"):
        play(link, samples, lambda: device.power(False))
    device.power(True)
    with device.link() as link:
        assert link.stats()["steps"] == 0
        assert play(link, samples) == expected
