"""Scenes on a stream: windows and their times, silence, short recordings, beside a keyword model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tiny_model
from bursts import bursts

from edge.daemon.listen import Listener, listen
from edge.decide import UNKNOWN
from edge.manifest import BundleError, Scene, open_bundle
from edge.runtime import ModelFileError
from edge.tasks.keyword import KeywordTask
from edge.tasks.scene import SceneTask
from edge.tasks.task import TaskOptions, open_task

HOP, ROWS = 5, 12
SCENE = Scene(HOP, smooth_windows=2, enter=0.6, leave=0.4)


@pytest.fixture
def bundle(tmp_path):
    return tiny_model.loudness_scene(tmp_path / "noise", ROWS, SCENE)


def heard(task, blocks):
    events = []
    listen(blocks, Listener([task]), [events.append])
    return [(e.time_s, e.label) for e in events]


def sound(starts_s=(1.0,), length_s=3.0):
    """Noise of 0.4 s at each start."""
    return bursts(list(starts_s), length_s)


def test_a_change_is_an_event_and_the_state_can_be_asked(bundle):
    task = SceneTask(bundle)
    assert (task.state, task.score) == (UNKNOWN, 0.0)
    listener = Listener([task])
    samples = sound()
    first = listener.push(samples[:16_000])
    loud = listener.push(samples[16_000:22_400])
    assert [e.label for e in first] == ["quiet"]
    assert [e.label for e in loud][-1] == "loud" == task.state
    assert 0.6 <= task.score <= 1.0
    assert task.scores["loud"] + task.scores["quiet"] == pytest.approx(1, abs=0.02)
    assert [e.label for e in listener.push(samples[22_400:])][-1] == "quiet"


def test_windows_end_with_every_hop_once_they_are_full(bundle):
    reported = []
    task = SceneTask(bundle, TaskOptions(report=reported.append))
    Listener([task]).push(sound())
    times = sorted({e.time_s for e in reported})
    config = task.frontend
    assert times[0] == config.samples(3 * HOP) / 16_000  # 15 frames are the first multiple of 5 that is 12 or more
    assert set(np.diff(times).round(3)) == {HOP * config.hop_ms / 1000}
    assert task.steps == len(times)


@pytest.mark.parametrize("block", [1_000, 160, 7_919])
def test_however_the_audio_is_cut(bundle, block):
    samples = sound()
    whole = heard(SceneTask(bundle), [samples])
    assert heard(SceneTask(bundle), np.split(samples, range(block, len(samples), block))) == whole != []


def test_beside_a_keyword_model_each_hears_what_it_hears_alone(bundle, bundle_path):
    samples = sound((1.0, 2.5), 3.0)
    both = Listener([SceneTask(bundle), KeywordTask(open_bundle(bundle_path), {"loud": 0.8})])
    assert len(both.groups) == 1
    events = []
    listen(np.split(samples, 8), both, [events.append])
    alone = heard(SceneTask(bundle), [samples])
    keyword = heard(KeywordTask(open_bundle(bundle_path), {"loud": 0.8}), [samples])
    assert [(e.time_s, e.label) for e in events if e.model == "noise"] == alone
    assert [(e.time_s, e.label) for e in events if e.model == "loudness"] == keyword != []


def test_silence_is_no_scene_and_costs_nothing(bundle):
    task = SceneTask(bundle)
    listener = Listener([task])
    listener.push(sound(length_s=1.0))
    assert task.state == "quiet"
    events = listener.push(np.zeros(16_000, np.int16))
    assert [e.label for e in events] == [UNKNOWN] and events[0].score < 0.6
    assert 0 < task.silent_windows < task.steps


def test_clipped_noise_is_a_window_like_any_other(bundle):
    task = SceneTask(bundle)
    square = np.where(np.random.default_rng(1).random(16_000) < 0.5, -32_768, 32_767).astype(np.int16)
    Listener([task]).push(square)
    assert task.state == "loud"


@pytest.mark.parametrize("length_s", [0.03, 0.1, 0.149])
def test_a_recording_shorter_than_a_window_is_judged_with_silence_behind(bundle, length_s):
    samples = sound([0.0], length_s)
    task = SceneTask(bundle)
    events = heard(task, [samples])
    assert task.steps == 1 and len(events) <= 1


def test_a_recording_of_nothing_is_not_judged(bundle):
    task = SceneTask(bundle)
    assert heard(task, []) == [] and task.steps == 0


def test_the_end_of_a_recording_is_not_followed_by_silence(bundle):
    task = SceneTask(bundle)
    assert heard(task, [sound([2.6])])[-1][1] == "loud"
    assert task.tail_samples == 0


def test_reset_begins_at_time_0(bundle):
    one = Listener([SceneTask(bundle)])
    first = one.push(sound())
    one.reset()
    assert one.push(sound()) == first


def test_the_manifest_says_which_task_it_is(bundle, bundle_path):
    assert isinstance(open_task(bundle), SceneTask)
    assert isinstance(open_task(open_bundle(bundle_path)), KeywordTask)
    other = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, task="smell"))
    with pytest.raises(BundleError, match="'smell' does not hear"):
        open_task(other)


def test_bundles_that_do_not_fit_are_refused(bundle):
    def changed(**values):
        return dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, **values))

    with pytest.raises(BundleError, match="no scene"):
        SceneTask(changed(scene=None))
    with pytest.raises(BundleError, match=r"model\.tflite has"):
        SceneTask(changed(window_frames=ROWS + 1))
    with pytest.raises(ModelFileError, match="not compiled"):
        SceneTask(bundle, TaskOptions(backend="native"))
