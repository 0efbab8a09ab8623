"""Models on a stream: the same events however the audio comes, to its very end."""

import dataclasses

import numpy as np
import pytest
import soundfile
import soxr
import tiny_model
from bursts import bursts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.daemon.listen import Listener, listen
from edge.manifest import BundleError, open_bundle
from edge.source.file import File
from edge.tasks.keyword import KeywordTask

EXPECTED_S = [1.16, 3.14]


def listener(*paths, threshold=0.8, report=None):
    return Listener([KeywordTask(open_bundle(p), {"loud": threshold}, report=report) for p in paths])


def heard(listener, blocks):
    events = []
    listen(blocks, listener, [events.append])
    return events


def times(events):
    return [e.time_s for e in events]


def test_hears_each_burst_once(bundle_path, samples):
    events = heard(listener(bundle_path), [samples])
    assert times(events) == EXPECTED_S
    assert {(e.label, e.model) for e in events} == {("loud", "loudness")}
    assert all(0.8 <= e.score <= 1.0 for e in events)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 70_400), max_size=20))
def test_any_split_gives_the_same_events(bundle_path, samples, places):
    assert times(heard(listener(bundle_path), np.split(samples, sorted(places)))) == EXPECTED_S


def test_time_is_the_end_of_the_last_sample_that_the_score_saw(bundle_path, samples):
    one = listener(bundle_path)
    config = one.tasks[0].frontend
    end = round(EXPECTED_S[0] * 16_000)
    assert one.push(samples[: end - 1]) == []
    assert times(one.push(samples[end - 1 : end])) == EXPECTED_S[:1]
    assert (end - config.window_samples) % config.hop_samples == 0


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_other_rates_give_about_the_same(bundle_path, samples, tmp_path, rate_hz):
    sound = soxr.resample(samples, 16_000, rate_hz)
    soundfile.write(tmp_path / "x.wav", np.repeat(sound[:, None], 2, axis=1), rate_hz)
    events = heard(listener(bundle_path, threshold=0.6), File(tmp_path / "x.wav"))
    assert times(events) == pytest.approx(EXPECTED_S, abs=0.06)


def test_a_word_at_the_very_end_is_heard_within_the_stated_time(bundle_path):
    sound = bursts([1.0], 1.1)
    one = listener(bundle_path, threshold=0.5)
    assert one.push(sound) == []
    (event,) = one.finish()
    assert 1.1 < event.time_s <= 1.1 + one.tail_s


def test_a_file_shorter_than_the_window_is_heard(tmp_path):
    path = tiny_model.loudness_bundle(tmp_path / "long", rows=45)
    one = listener(path, threshold=0.5)
    assert one.push(bursts([0.0], 0.4)) == []
    assert len(one.finish()) == 1


@pytest.mark.parametrize("length", [1, 100, 480])
def test_a_few_samples_are_no_error(bundle_path, length):
    assert heard(listener(bundle_path), [np.zeros(length, np.int16)]) == []


def test_models_with_the_same_front_end_share_it(tmp_path, bundle_path, samples):
    other = tiny_model.loudness_bundle(tmp_path / "other", step=2)
    both = listener(bundle_path, other)
    assert len(both.groups) == 1
    events = heard(both, [samples])
    assert times(events) == sorted(times(events))
    assert [e for e in events if e.model == "loudness"] == heard(listener(bundle_path), [samples])
    assert [e for e in events if e.model == "other"] == heard(listener(other), [samples])


def test_reset_begins_at_time_0(bundle_path, samples):
    one = listener(bundle_path)
    first = heard(one, [samples])
    one.reset()
    assert heard(one, [samples]) == first


def test_every_score_is_reported(bundle_path, samples):
    reported = []
    heard(listener(bundle_path, report=reported.append), [samples])
    assert np.unique(np.diff(times(reported))).round(3)[0] == 0.03
    assert min(e.score for e in reported) >= 0.01 and max(e.score for e in reported) > 0.99


def test_a_graph_that_is_not_its_manifests_is_refused(bundle_path):
    bundle = open_bundle(bundle_path)
    manifest = dataclasses.replace(bundle.manifest, labels=["quiet", "loud", "more"])
    with pytest.raises(BundleError, match="convert the model again"):
        KeywordTask(dataclasses.replace(bundle, manifest=manifest), {"loud": 0.5})


def test_a_bundle_without_a_step_graph_is_refused(bundle_path):
    bundle = open_bundle(bundle_path)
    manifest = dataclasses.replace(bundle.manifest, stream=None)
    with pytest.raises(BundleError, match=r"no stream\.tflite"):
        KeywordTask(dataclasses.replace(bundle, manifest=manifest), {"loud": 0.5})


def test_a_front_end_that_cannot_run_is_one_line(bundle_path):
    task = KeywordTask(open_bundle(bundle_path), {"loud": 0.5})
    task.frontend = dataclasses.replace(task.frontend, fft_size=500)
    with pytest.raises(BundleError, match="front end cannot run"):
        Listener([task])
