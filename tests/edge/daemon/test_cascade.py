"""A cheap model lets a dearer one run; a second stage hears the last seconds again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tiny_model
from bursts import bursts

from edge.daemon.cascade import Gate, GatedTask, SecondStage, until
from edge.daemon.listen import Listener
from edge.decide import UNKNOWN
from edge.manifest import Scene, open_bundle
from edge.tasks.event import Event
from edge.tasks.keyword import KeywordTask
from edge.tasks.scene import SceneTask


def event(time_s, label, model="guard"):
    return Event(time_s, label, 0.9, model)


def test_a_keyword_opens_for_a_while():
    gate = Gate("guard", ["go"], 2.0, of_states=False)
    opened = []
    for now, said in [(1, []), (2, ["go"]), (3, ["other"]), (3.9, []), (4.1, [])]:
        gate.hear([event(now, label) for label in said], now)
        opened.append(gate.is_open)
    assert opened == [False, True, True, True, False]
    gate.hear([event(5, "go", "somebody else")], 5)
    assert not gate.is_open


def test_a_state_opens_while_it_lasts():
    gate = Gate("guard", ["rain", "sea"], 2.0, of_states=True)
    opened = []
    for label in ["rain", "sea", "fire", "rain", UNKNOWN]:
        gate.hear([event(1, label)], 1)
        gate.hear([], 100)
        opened.append(gate.is_open)
    assert opened == [True, True, False, True, False]
    gate.hear([event(1, "rain")], 1)
    gate.reset()
    assert not gate.is_open


@pytest.fixture
def bundle(bundle_path):
    return open_bundle(bundle_path)


def gated(bundle, hold_s=10.0):
    gate = Gate("guard", ["go"], hold_s, of_states=False)
    return GatedTask(KeywordTask(bundle, {"loud": 0.8}), gate, bundle.manifest.window_frames), gate


def heard(task, gate, samples, openings, block=960):
    """Events of ``samples`` while the gate is told to open at some seconds."""
    listener, events = Listener([task]), []
    for start in range(0, len(samples), block):
        events += listener.push(samples[start : start + block])
        now_s = listener.samples / 16_000
        before_s = start / 16_000
        gate.hear([event(t, "go") for t in openings if before_s < t <= now_s], now_s)
    return [e.time_s for e in events]


def test_only_what_is_near_an_opening_is_heard_and_at_the_same_times(bundle):
    samples = bursts([1.0, 4.0, 7.0], 9.0)
    alone = [e.time_s for e in Listener([KeywordTask(bundle, {"loud": 0.8})]).push(samples)]
    task, gate = gated(bundle, hold_s=1.0)
    times = heard(task, gate, samples, [3.8])
    assert times == pytest.approx(alone[1:2], abs=0.031)
    assert 0 < task.steps < 90  # of 300


def test_what_was_just_before_the_opening_is_heard_too(bundle):
    samples = bursts([1.0], 3.0)
    task, gate = gated(bundle)
    assert len(heard(task, gate, samples, [1.6])) == 1  # the burst was over at 1.4 s


def test_a_gate_that_opens_again_at_once_hears_nothing_twice(bundle):
    samples = bursts([1.0], 4.0)
    task, gate = gated(bundle, hold_s=0.3)
    assert len(heard(task, gate, samples, [1.1, 1.45, 1.8])) == 1


def test_a_new_stream_begins_with_the_gate_closed(bundle):
    samples = bursts([1.0], 2.0)
    task, gate = gated(bundle)
    assert len(heard(task, gate, samples, [0.5])) == 1
    Listener([task]).reset()
    assert not gate.is_open and heard(task, gate, samples, []) == []


def test_a_state_behind_a_gate_ends_with_it(tmp_path):
    scene = SceneTask(tiny_model.loudness_scene(tmp_path / "noise", 12, Scene(5, 2)))
    gate = Gate("guard", ["go"], 1.0, of_states=False)
    task, events = GatedTask(scene, gate, 12), []
    listener = Listener([task])
    for i, block in enumerate(np.split(bursts([], 3.0), 50)):
        gate.hear([event(0.3, "go")] if i == 5 else [], i * 0.06)
        events += listener.push(block)
    assert [e.label for e in events] == ["quiet", UNKNOWN]
    assert events[-1].time_s == pytest.approx(1.3, abs=0.1)
    assert task.state == UNKNOWN and task.scores == {}


def test_the_second_stage_agrees_with_what_was_there(bundle):
    stage = SecondStage(bundle, 0.7, {"loud": 0.8})
    samples = bursts([1.0], 3.0)
    assert stage.agrees("loud", samples[: int(1.3 * 16_000)]) > 0.9
    assert stage.agrees("loud", samples[: int(0.9 * 16_000)]) is None
    assert stage.agrees("loud", samples) is None  # too long ago
    assert stage.agrees("loud", samples[:0]) is None  # nothing there
    assert (stage.asked, stage.agreed) == (4, 1)


def test_a_second_stage_with_other_labels_is_asked_for_its_own(bundle):
    stage = SecondStage(bundle, None, {"loud": 0.5})
    samples = bursts([1.0], 1.3)
    assert stage.agrees("computer", samples) > 0.9


def test_a_second_stage_looks_back_a_little(bundle):
    """The first stage decides when the word is over by some tenths of a second."""
    stage = SecondStage(bundle, 0.7, {})
    assert stage.agrees("loud", bursts([1.0], 3.0)[: int(1.7 * 16_000)]) is not None


def test_until_the_event():
    recent = np.arange(100, dtype=np.int16)
    assert until(1.0, 16_010, recent)[-1] == 89
    assert len(until(1.0, 16_000, recent)) == 100
    assert len(until(0.5, 16_000, recent)) == 0


def test_a_front_end_that_cannot_run_is_refused(bundle):
    broken = dataclasses.replace(bundle.manifest.frontend, fft_size=500)
    manifest = dataclasses.replace(bundle.manifest, frontend=broken)
    with pytest.raises(Exception, match="front end cannot run"):
        SecondStage(dataclasses.replace(bundle, manifest=manifest), None, {})
