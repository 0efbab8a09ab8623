"""Intervals against published and closed-form values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluate.interval import clustered, poisson_rate, poisson_upper, wilson


def test_wilson_of_nine_misses_in_three_hundred():
    assert wilson(9, 300) == pytest.approx((0.01586, 0.05602), abs=1e-5)


def test_wilson_at_the_ends():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 35) == pytest.approx((0.0, 0.09890), abs=1e-4)
    assert wilson(35, 35)[1] == 1.0


def test_no_event_gives_three_over_t_and_three_point_seven_over_t():
    assert poisson_upper(0, 10) == pytest.approx(-math.log(0.05) / 10)
    assert poisson_rate(0, 10) == (0.0, pytest.approx(-math.log(0.025) / 10))


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(1, 0.0253, 5.5716), (4, 1.0899, 10.2416), (10, 4.7954, 18.3904), (3000, 2893.599, 3109.314)],
)
def test_exact_poisson_intervals(events, low, high):
    assert poisson_rate(events, 1.0) == pytest.approx((low, high), abs=1e-3)


def test_four_events_in_twenty_hours():
    assert poisson_upper(4, 20) == pytest.approx(9.1535 / 20, abs=1e-4)


@given(st.integers(0, 200), st.floats(0.1, 100))
def test_the_rate_lies_in_its_interval(events, hours):
    low, high = poisson_rate(events, hours)
    assert low <= events / hours <= high


def test_clusters_widen_the_interval():
    correct = [True] * 90 + [False] * 10
    by_speaker = clustered(correct, [i // 10 for i in range(100)])
    by_clip = clustered(correct, range(100))
    assert by_speaker[1] - by_speaker[0] > by_clip[1] - by_clip[0]
    assert by_clip == pytest.approx(wilson(90, 100), abs=0.03)


def test_clustered_is_repeatable_and_never_empty():
    correct, speakers = [True, False, True, True], ["a", "a", "b", "c"]
    assert clustered(correct, speakers) == clustered(correct, speakers)
    low, high = clustered([True] * 4, speakers)
    assert low < 0.5 and high == 1.0
    assert clustered([True], ["a"])[0] < 0.3
