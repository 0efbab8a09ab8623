"""What the page is made of, one thing at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.daemon.page.access import SESSION_S, Access
from edge.daemon.page.evidence import Measured, at, meanings
from edge.daemon.page.rate import Buckets, household_of
from edge.daemon.page.state import Snapshots
from edge.daemon.page.watch import merged
from edge.daemon.pulse import Pulse
from edge.manifest import OperatingPoint, open_bundle


def point(threshold, value):
    return Measured(threshold, value, None, None)


def test_between_two_measured_thresholds_rates_are_interpolated():
    points = [point(0.9, 1.0), point(0.5, 100.0)]
    assert at(points, 0.5).how == "measured" and at(points, 0.5).value == 100.0
    middle = at(points, 0.7, log=True)
    assert middle.how == "between" and middle.value == pytest.approx(10.0)
    assert at([point(0.5, 0.0), point(0.9, 0.2)], 0.7).value == pytest.approx(0.1)


def test_beyond_what_was_measured_only_a_bound_is_known():
    false_accepts, misses = [point(0.6, 2.0)], [point(0.6, 0.1)]
    assert (at(false_accepts, 0.8, log=True).how, at(false_accepts, 0.4, log=True).how) == ("at most", "at least")
    assert (at(misses, 0.8).how, at(misses, 0.4).how) == ("at least", "at most")
    assert at([], 0.5).how == "not measured"


def test_rates_of_all_targets_together_are_said_to_be_so():
    manifest = open_bundle("commands12").manifest
    threshold = manifest.operating_points[0].thresholds["go"]
    (found,) = meanings(manifest, "go", threshold)
    assert found.shared and found.false_accepts_per_hour.value == manifest.operating_points[0].false_accepts_per_hour
    other = OperatingPoint("loose", {"go": 0.2}, found.conditions, false_accepts_per_hour=500.0)
    looser = replace(manifest, operating_points=[*manifest.operating_points, other])
    assert meanings(looser, "go", 0.4)[0].false_accepts_per_hour.how == "at least"  # the others do not move along
    with pytest.raises(KeyError):
        meanings(manifest, "_unknown_", 0.5)


def test_a_model_without_evidence_means_nothing():
    manifest = replace(open_bundle("wake_alexa").manifest, operating_points=[], evidence=[])
    assert meanings(manifest, "alexa", 0.5) == []
    strange = [{"measure": "miss_rate", "label": "alexa", "value": "x"}, {"measure": "miss_rate", "label": "alexa"}]
    assert meanings(replace(manifest, evidence=strange), "alexa", 0.5) == []


def test_a_bucket_empties_and_fills_again():
    now = [0.0]
    buckets = Buckets(burst=3, per_s=2, keys=2, clock=lambda: now[0])
    assert [buckets.allow("a") for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [buckets.allow("a") for _ in range(2)] == [True, False]
    assert buckets.allow("b") and buckets.allow("c")
    assert buckets.allow("a")  # forgotten for the newer ones: memory is bounded


@pytest.mark.parametrize(
    ("address", "household"),
    [
        ("192.168.1.9", "192.168.1.9"),
        ("::ffff:192.168.1.9", "192.168.1.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", ""),
    ],
)
def test_who_is_counted_together(address, household):
    assert household_of(address) == household


def test_a_session_ends_in_time_and_with_another_token():
    now = [1_000.0]
    access = Access([], False, "a" * 20, lambda: now[0])
    session = access.open_session()
    assert access._has_session(session)
    assert Access([], False, "a" * 20, lambda: now[0])._has_session(session)  # it outlives a restart
    assert not Access([], False, "b" * 20, lambda: now[0])._has_session(session)
    now[0] += SESSION_S + 1
    assert not access._has_session(session)


def test_without_a_token_nothing_is_one():
    access = Access([], True)
    assert not access.is_token("") and not access.is_token("x")


def test_pulses_that_came_together_are_one_and_lose_no_peak():
    loud = Pulse(1.0, -20.0, -3.0, [[1, 2], [3, 4]], {"m": {"a": 0.9, "b": 0.001}}, b"")
    quiet = Pulse(1.03, float("-inf"), float("-inf"), [[5, 6]], {"m": {"a": 0.2}}, b"")
    found = merged([loud, quiet])
    assert (found["time_s"], found["level_dbfs"], found["peak_dbfs"], found["frames"]) == (1.03, -120.0, -3.0, 3)
    assert found["bands"] == "AQIDBAUG" and found["scores"] == {"m": {"a": 0.9}}


def test_shares_of_a_core_are_those_since_the_snapshot_before(tmp_path, loaded_control):
    now = [0.0]
    snapshots = Snapshots(loaded_control, lambda: now[0])
    loaded_control.cost["inference_s"] = 1.0
    assert snapshots.take()["models"][0]["cpu_share"] is None
    now[0], loaded_control.cost["inference_s"] = 2.0, 1.1
    assert snapshots.take()["models"][0]["cpu_share"] == pytest.approx(0.05)
    loaded_control.cost["inference_s"] = 0.0  # loaded anew
    now[0] = 3.0
    assert snapshots.take()["models"][0]["cpu_share"] == 0.0


@pytest.fixture
def loaded_control(tmp_path):
    from control_double import ControlDouble

    from edge.daemon.control import Loaded

    class One(ControlDouble):
        cost = {}  # noqa: RUF012

        @property
        def models(self):
            return [Loaded(open_bundle("wake_alexa").manifest, "0" * 12, {"alexa": 0.9}, cost=self.cost)]

    return One(tmp_path)
