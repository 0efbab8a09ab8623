"""The decider against its definition: integers, one event a step, refractory time, release."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.decide import KeywordDecider, refractory_steps, simulate, smooth, threshold_integer
from edge.manifest import Decision

LABELS = ["other", "yes", "no"]


def decider(threshold=0.5, window=1, refractory_ms=0, release=0.5, warmup=0, targets=("yes", "no")):
    return KeywordDecider(
        LABELS,
        targets,
        dict.fromkeys(targets, threshold),
        Decision(window, refractory_ms, release),
        10,
        warmup,
    )


def run(d, column):
    rows = [np.array([0, v, 0], np.uint8) for v in column]
    return [i for i, row in enumerate(rows) if d.update(row)]


@pytest.mark.parametrize(("threshold", "window", "sum_"), [(0.5, 1, 128), (0.97, 5, 1242), (1.0, 3, 768)])
def test_threshold_is_the_smallest_sum_that_reaches_it(threshold, window, sum_):
    assert threshold_integer(threshold, window) == sum_


@given(st.integers(1, 30), st.data())
def test_a_threshold_written_as_a_fraction_comes_back_exactly(window, data):
    k = data.draw(st.integers(1, 256 * window))
    assert threshold_integer(k / (256 * window), window) == k


@pytest.mark.parametrize("bad", [0.0, -0.1, 1.01, float("nan")])
def test_threshold_outside_is_refused(bad):
    with pytest.raises(ValueError, match="outside"):
        decider(threshold=bad)


def test_target_without_threshold_is_refused():
    with pytest.raises(ValueError, match="'no' has no threshold"):
        KeywordDecider(LABELS, ["no"], {}, Decision(), 10)


def test_fires_once_until_released():
    assert run(decider(), [0, 200, 200, 64, 200, 63, 200]) == [1, 6]


def test_refractory_time_is_in_steps():
    assert run(decider(refractory_ms=30), [200, 0, 200, 200, 200]) == [0, 3]
    assert refractory_steps(1000, 30) == 34


def test_warm_up_scores_count_as_nothing():
    assert run(decider(window=2, warmup=2), [255, 255, 200, 200]) == [3]


def test_the_highest_target_fires_alone():
    d = decider(threshold=0.2)
    assert d.update(np.array([0, 60, 100], np.uint8)) == [("no", 100)]
    assert d.update(np.array([0, 60, 100], np.uint8)) == [("yes", 60)]


def test_smoothed_is_a_fraction_and_reset_forgets():
    d = decider(window=2)
    d.update(np.array([0, 128, 64], np.uint8))
    assert d.smoothed.tolist() == [0.0, 0.25, 0.125]
    d.reset()
    assert d.smoothed.tolist() == [0.0, 0.0, 0.0]


# Few distinct values, so that crossings of the threshold and of the release are frequent.
TRACK = arrays(np.uint8, st.integers(0, 120), elements=st.sampled_from([0, 30, 60, 90, 128, 160, 255]))


@settings(max_examples=200, deadline=None)
@given(
    track=TRACK,
    window=st.integers(1, 6),
    refractory=st.integers(0, 12),
    threshold=st.floats(0.02, 1.0),
    release=st.floats(0.1, 1.0),
    warmup=st.integers(0, 130),
)
def test_simulate_is_the_decider(track, window, refractory, threshold, release, warmup):
    d = decider(threshold, window, refractory * 10, release, warmup, targets=("yes",))
    scores = np.zeros((len(track), 3), np.uint8)
    scores[:, 1] = track
    fired, sums = [], []
    for i, row in enumerate(scores):
        if d.update(row):
            fired.append(i)
        sums.append(d.sums.copy())
    smoothed = smooth(scores, window, warmup)
    np.testing.assert_array_equal(smoothed, np.reshape(sums, (-1, 3)))
    threshold_int = threshold_integer(threshold, window)
    assert simulate(smoothed[:, 1], threshold_int, d.refractory_steps, release).tolist() == fired
