"""Windows to a state: mean of the last rows, entered high, left low, unknown in between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.decide import UNKNOWN, SceneDecider
from edge.manifest import Scene

LABELS = ["rain", "sea", "other"]
TARGETS = ["rain", "sea"]


def decider(smooth=1, enter=0.6, leave=0.4):
    return SceneDecider(LABELS, TARGETS, Scene(1, smooth, enter, leave))


def states(d, rows):
    found = []
    for row in rows:
        before = d.state
        assert d.update(None if row is None else np.array(row, np.uint8)) == (d.state != before)
        found.append(d.state)
    return found


def test_entered_at_one_threshold_and_left_at_another():
    rows = [[153, 0, 0], [154, 0, 0], [103, 0, 0], [102, 0, 0]]
    assert states(decider(), rows) == [UNKNOWN, "rain", "rain", UNKNOWN]


def test_another_label_takes_over_when_the_state_is_left():
    assert states(decider(), [[200, 0, 0], [110, 146, 0], [90, 160, 0]]) == ["rain", "rain", "sea"]


def test_a_label_that_is_no_target_is_no_state():
    assert states(decider(), [[0, 0, 255]]) == [UNKNOWN]


def test_the_mean_of_few_windows_counts_in_the_beginning():
    d = decider(smooth=4)
    assert states(d, [[200, 0, 0]]) == ["rain"]
    assert d.score == 200 / 256
    assert states(d, [[0, 200, 0]]) == [UNKNOWN]
    assert d.smoothed == {"rain": 100 / 256, "sea": 100 / 256}


def test_silence_counts_as_no_scene():
    d = decider(smooth=2)
    assert states(d, [[250, 0, 0], None, None]) == ["rain", "rain", UNKNOWN]
    assert d.score == 0.0


def test_reset_forgets():
    d = decider(smooth=4)
    states(d, [[200, 0, 0]] * 3)
    d.reset()
    assert (d.state, d.score, d.heard) == (UNKNOWN, 0.0, 0)
    assert states(d, [[0, 200, 0]]) == ["sea"]


@pytest.mark.parametrize("targets", [[], ["snow"]])
def test_no_target_is_refused(targets):
    with pytest.raises(ValueError, match="give some of the labels"):
        SceneDecider(LABELS, targets, Scene(1))


@settings(deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(0, 40), st.just(3)), elements=st.sampled_from([0, 90, 103, 128, 154, 255])),
    st.integers(1, 6),
    st.sampled_from([(0.6, 0.4), (0.5, 0.5), (0.9, 0.1)]),
)
def test_the_state_is_that_of_the_means(rows, smooth, thresholds):
    """The definition in floats, with thresholds that floats hold well enough."""
    enter, leave = thresholds
    d, state = decider(smooth, enter, leave), UNKNOWN
    for i, row in enumerate(rows):
        mean = rows[max(0, i + 1 - smooth) : i + 1].mean(axis=0, dtype=np.float64)[:2] / 256
        if state != UNKNOWN and mean[LABELS.index(state)] < leave - 1e-9:
            state = UNKNOWN
        if state == UNKNOWN and mean.max() >= enter - 1e-9:
            state = LABELS[int(mean.argmax())]
        d.update(row)
        # An integer threshold is the smallest sum that reaches it, so only a mean within 1/256 may differ.
        near = min(abs(mean - enter).min(), abs(mean - leave).min()) < 1 / 256
        if not near:
            assert d.state == state
        state = d.state
