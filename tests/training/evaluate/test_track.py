"""The track of a recording equals what the daemon hears."""

import numpy as np
import pytest

from edge.daemon.listen import Listener
from edge.decide import threshold_integer
from edge.manifest import BundleError, open_bundle
from edge.tasks.keyword import KeywordTask
from training.evaluate import track as module
from training.evaluate.track import bundle_track


@pytest.fixture
def audio():
    rng = np.random.default_rng(1)
    level = np.repeat(rng.choice([2, 30, 500, 6_000], 40), 8_000)
    return (rng.standard_normal(len(level)) * level).clip(-32768, 32767).astype(np.int16)


def test_events_are_the_daemons(wake_bundle, audio):
    bundle = open_bundle(wake_bundle)
    heard = Listener([KeywordTask(bundle, {"alexa": 0.9})]).push(audio)
    track = bundle_track(bundle, audio, "alexa")
    events = track.events_s(threshold_integer(0.9, bundle.manifest.decision.window_steps))
    assert len(heard) > 3
    assert events == pytest.approx([e.time_s for e in heard], abs=6e-4)


def test_blocks_change_nothing(wake_bundle, audio, monkeypatch):
    bundle = open_bundle(wake_bundle)
    whole = bundle_track(bundle, audio, "alexa")
    monkeypatch.setattr(module, "BLOCK_FRAMES", 100)
    pieces = bundle_track(bundle, audio, "alexa")
    assert np.array_equal(whole.smoothed, pieces.smoothed) and np.array_equal(whole.times_s, pieces.times_s)


def test_a_label_that_makes_no_events(wake_bundle, audio):
    with pytest.raises(BundleError, match="its targets are: alexa"):
        bundle_track(open_bundle(wake_bundle), audio, "_unknown_")
