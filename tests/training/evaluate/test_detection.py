"""Hits, false accepts, sweeps and the choice of a threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.manifest import Decision
from training.evaluate.detection import Point, Track, assurance, choose, match, measure, sweep
from training.evaluate.stream import Label

WORD = Label(1.0, 1.5, "alexa")
DECISION = Decision(window_steps=1, refractory_ms=1000, release=0.5)
STEP_MS = 40


def track(smoothed):
    smoothed = np.asarray(smoothed, np.int32)
    return Track(smoothed, (np.arange(len(smoothed)) + 1) * STEP_MS / 1000, DECISION, STEP_MS)


@pytest.mark.parametrize(
    ("events", "hits", "false_accepts"),
    [
        ([], 0, 0),
        ([1.0], 1, 0),
        ([2.25], 1, 0),
        ([0.99], 0, 1),
        ([2.26], 0, 1),
        ([1.2, 2.2], 1, 1),
        ([0.5, 1.2, 9.0], 1, 2),
    ],
)
def test_an_event_hits_from_the_onset_to_three_quarters_past_the_end(events, hits, false_accepts):
    outcome = match(events, [WORD])
    assert (outcome.hits, len(outcome.false_accepts_s)) == (hits, false_accepts)
    assert outcome.trials == 1


def test_overlapping_spans_take_an_event_each():
    outcome = match([1.9, 2.0], [WORD, Label(1.8, 2.3, "alexa")])
    assert outcome.hits == 2 and not outcome.false_accepts_s
    assert outcome.delays_s == pytest.approx([0.4, -0.3])


def test_a_long_label_before_short_ones_is_still_found():
    assert match([5.0], [Label(0, 6, "a"), Label(1, 1.1, "a"), Label(2, 2.1, "a")]).hits == 1


@given(
    st.lists(st.floats(0, 100), max_size=30),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 2)), max_size=20),
)
def test_every_event_and_every_label_is_counted_once(events, spans):
    labels = [Label(onset, onset + length, "a") for onset, length in spans]
    outcome = match(events, labels)
    assert outcome.hits + len(outcome.misses) == len(labels)
    assert outcome.hits + len(outcome.false_accepts_s) == len(events)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40))
@settings(max_examples=50)
def test_lone_peaks_fall_out_one_by_one(peaks):
    """With peaks further apart than the refractory time, misses only rise and false accepts only fall."""
    smoothed = np.zeros(50 * len(peaks), np.int32)
    smoothed[25::50] = peaks
    labels = [Label(t := (50 * i + 25) * STEP_MS / 1000, t + 0.5, "a") for i in range(0, len(peaks), 2)]
    points = sweep(track(smoothed), labels, hours=1.0)
    assert (np.diff([p.misses for p in points]) >= 0).all()
    assert (np.diff([p.false_accepts for p in points]) <= 0).all()


@given(st.lists(st.integers(0, 255), min_size=1, max_size=300), st.integers(0, 98))
@settings(max_examples=50)
def test_silence_at_a_threshold_is_silence_at_all_above(scores, i):
    points = sweep(track(scores), [], hours=1.0, thresholds=[x / 100 for x in range(1, 100)])
    if points[i].false_accepts == 0:
        assert all(p.false_accepts == 0 for p in points[i:])


def oracle(labels, steps):
    smoothed = np.zeros(steps, np.int32)
    for label in labels:
        smoothed[int(label.offset_s * 1000 / STEP_MS)] = 255
    return smoothed


def test_an_oracle_is_perfect_and_chance_is_not():
    labels = [Label(t, t + 0.6, "a") for t in range(5, 300, 10)]
    steps = 300 * 1000 // STEP_MS
    best = measure(track(oracle(labels, steps)), labels, 300 / 3600, 0.9)
    assert (best.misses, best.false_accepts) == (0, 0)
    assert 0 < best.delay_median_s < 0.05
    chance = measure(track(np.random.default_rng(0).integers(0, 256, steps)), labels, 300 / 3600, 0.9)
    assert chance.misses + chance.false_accepts > 20


def points(*false_accepts):
    return [Point(i / 10, 10, 0, f, 1.0, None, None) for i, f in enumerate(false_accepts, 1)]


def test_the_lowest_threshold_from_which_on_the_budget_holds():
    assert choose([points(9, 5, 1, 0)], 1.0) == 0.3
    assert choose([points(9, 0, 2, 1, 0)], 1.0) == 0.4  # 0 at .2 was luck
    assert choose([points(0, 0), points(3, 1)], 1.0) == 0.2
    assert choose([points(9, 9)], 1.0) is None


def test_a_short_stream_shows_little():
    assert "3.00 an hour" in assurance(points(0), 1.0)
    assert assurance([Point(0.5, 10, 0, 0, 4.0, None, None)], 1.0) is None


def test_json_of_a_point():
    found = Point(0.9, 300, 9, 0, 10.0, 0.1, 0.2).as_json()
    assert found["miss_rate"] == 0.03 and found["miss_interval"] == pytest.approx([0.016, 0.056], abs=1e-3)
    assert found["false_accepts_interval"] == pytest.approx([0.0, 0.369], abs=1e-3)
    assert Point(0.9, 0, 0, 1, 1.0, None, None).as_json()["miss_rate"] is None
