"""The thread that hears: no sample lost, sources that break and hang, muting, models changed in mid-stream."""

from __future__ import annotations

import time

import numpy as np
import pytest
import tiny_model
from bursts import bursts
from sounding import BLOCK, Script, ear, silence, until

from edge.daemon import ear as module
from edge.daemon.hub import Hub
from edge.decide import UNKNOWN
from edge.manifest import Scene, open_bundle
from edge.source import SourceError
from edge.tasks.keyword import KeywordTask
from edge.tasks.scene import SceneTask

EXPECTED_S = [1.16, 3.14]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Sources are opened again at once."""
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.02)


@pytest.fixture
def keyword(bundle_path):
    return lambda: KeywordTask(open_bundle(bundle_path), {"loud": 0.8})


@pytest.fixture
def scene(tmp_path):
    return SceneTask(tiny_model.loudness_scene(tmp_path / "noise", 12, Scene(5, 2)))


def times(heard):
    return [e.time_s for _, e, _ in heard.events]


def run(made):
    made.start()
    until(lambda: not made.alive)
    assert made.error is None
    return made


def test_a_recording_is_heard_to_its_end_and_not_a_sample_is_lost(keyword, samples):
    made, heard, told = ear([keyword()], Script([samples]), endless=False)
    run(made)
    assert times(heard) == EXPECTED_S
    assert made.counts.samples == len(samples) == made.facts["heard_s"] * 16_000
    assert made.counts.overruns == 2 and made.counts.lost_samples == 7  # what the source says of itself
    assert told[-1] == ("audio", True, "ended")


def test_a_recording_far_longer_than_the_queue_is_not_cut(keyword):
    long = np.tile(bursts([1.0], 2.0), 60)
    made, heard, _ = ear([keyword()], Script([long]), endless=False)
    run(made)
    assert made.counts.samples == len(long)
    assert len(heard.events) == 60
    assert np.ptp(np.diff(times(heard))) <= 0.031  # one step


def test_a_recording_may_begin_again(keyword, samples):
    script = Script([samples], [samples], [samples])
    made, heard, _ = ear([keyword()], script, endless=False, repeat=True)
    made.start()
    until(lambda: made.error)
    assert isinstance(made.error, SourceError)  # a file that is gone is the end
    assert times(heard) == EXPECTED_S * 3 and made.counts.samples == 3 * len(samples)
    assert len({stream for stream, _, _ in heard.events}) == 3


def test_a_device_that_breaks_off_is_opened_again_as_a_new_stream(keyword, samples):
    broken = SourceError("microphone x: stopped giving samples; plug it in")
    script = Script([samples[:32_000], broken], SourceError("busy"), [samples[:32_000], 60])
    made, heard, told = ear([keyword()], script)
    made.start()
    until(lambda: len(heard.events) == 2 and made.counts.samples == 64_000)  # stopped, it leaves what was not read
    made.stop()
    assert times(heard) == [EXPECTED_S[0]] * 2
    assert len({stream for stream, _, _ in heard.events}) == 2
    assert made.counts.samples == 64_000 and made.counts.reopened == 2
    assert made.counts.overruns == 4  # of both openings
    assert ("audio", False, "reopening") in told
    assert script.closed >= 2


def test_a_device_that_hangs_for_a_second_is_opened_again(keyword, samples):
    made, heard, told = ear([keyword()], Script([samples[:24_000], 60], [samples[:24_000], 60]), stall_s=0.3)
    began = time.monotonic()
    made.start()
    until(lambda: len(heard.events) == 2)
    assert 0.3 < time.monotonic() - began < 5
    assert made.counts.stalls >= 1 and ("audio", False, "reopening") in told
    assert module.STALL_S == 1.0
    made.stop()


def test_waiting_grows_until_sound_comes(keyword, monkeypatch):
    waits = []
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.05)
    made, _, _ = ear([keyword()], Script())
    pause = made._pause
    made._pause = lambda seconds: (waits.append(seconds), pause(seconds))
    made.start()
    until(lambda: len(waits) == 4)
    made.stop()
    assert waits[:4] == [0.02, 0.04, 0.05, 0.05]


def test_a_file_that_breaks_off_ends_the_ear(keyword):
    made, _, told = ear([keyword()], Script([silence(1), SourceError("x: breaks off")]), endless=False)
    made.start()
    until(lambda: not made.alive)
    assert isinstance(made.error, SourceError) and told[-1] == ("audio", False, "failed")


def test_a_pipe_that_pauses_is_waited_for_and_said(keyword, samples):
    made, heard, told = ear([keyword()], Script([samples[:24_000], 1.6, samples[24_000:]]), endless=False, stall_s=0.2)
    run(made)
    assert times(heard) == EXPECTED_S and made.counts.reopened == 0
    assert ("audio", False, "waiting") in told


def test_the_wall_clock_may_jump(keyword, samples, monkeypatch):
    """Events are counted on the audio clock; the wall's is read for each block anew."""
    wall = [1_000_000.0]
    monkeypatch.setattr("edge.daemon.pump.time.time", lambda: wall[0])
    made, heard, _ = ear([keyword()], Script([samples[:32_000], 0.3, samples[32_000:]]), endless=False)
    made.start()
    until(lambda: heard.moments and heard.moments[-1].samples == 32_000)
    wall[0] -= 86_400
    until(lambda: not made.alive)
    assert times(heard) == EXPECTED_S
    first, second = (utc for _, _, utc in heard.events)
    assert abs(first - 1_000_000) < 0.1 and abs(second - (1_000_000 - 86_400)) < 0.1


def test_an_event_has_the_wall_clock_of_its_last_sample(keyword, samples, monkeypatch):
    monkeypatch.setattr("edge.daemon.pump.time.time", lambda: 500.0)
    made, heard, _ = ear([keyword()], Script([samples]), endless=False)
    run(made)
    for _, event, utc in heard.events:
        block_end_s = -(-event.time_s * 16_000 // BLOCK) * BLOCK / 16_000
        assert utc == pytest.approx(500.0 - (block_end_s - event.time_s))


def test_muted_sound_reaches_no_model_and_no_memory(keyword, samples):
    made, heard, told = ear([keyword()], Script([samples, 0.5, samples]), endless=False)
    made.muted = "switch"
    made.start()
    until(lambda: made.counts.samples == len(samples))
    assert not len(made.recent.last()) and heard.events == []
    assert made.counts.muted_samples == len(samples)
    made.muted = ""
    until(lambda: not made.alive)
    offset = len(samples) / 16_000
    assert times(heard) == pytest.approx([t + offset for t in EXPECTED_S])  # the clock went on
    assert made.level.rms_dbfs < 0


def test_what_was_heard_before_is_forgotten_when_muted(scene, samples):
    made, heard, _ = ear([scene], Script([samples[:24_000], 0.5, samples[24_000:], 60]))
    made.start()
    until(lambda: made.counts.samples == 24_000)
    assert scene.state != UNKNOWN
    made.muted = "hours"
    until(lambda: made.counts.samples == len(samples))
    assert scene.state == UNKNOWN and not len(made.recent.last())
    assert heard.events[-1][1].label == UNKNOWN and heard.events[-1][1].time_s >= 1.5
    made.stop()


def test_a_state_ends_with_its_stream_and_that_is_said(scene, samples):
    made, heard, _ = ear([scene], Script([samples[:24_000], SourceError("gone")], [samples[:24_000], 60]))
    made.start()
    until(lambda: made.counts.samples == 48_000 and scene.state != UNKNOWN)
    made.stop()
    labels = [(stream, e.label) for stream, e, _ in heard.events]
    first = [label for stream, label in labels if stream == labels[0][0]]
    assert first[-1] == UNKNOWN and first.count(UNKNOWN) == 1


def test_models_come_and_go_without_a_sample_lost(keyword, bundle_path, samples, tmp_path):
    other = KeywordTask(open_bundle(tiny_model.loudness_bundle(tmp_path / "other")), {"loud": 0.8})
    first = keyword()
    made, heard, _ = ear([first], Script([samples[:24_001], 0.5, samples[24_001:]]), endless=False)
    made.start()
    until(lambda: made.counts.samples == 24_001)
    made.order(lambda: made.listener.replace([first, other]))
    until(lambda: not made.alive)
    assert [(e.model, e.time_s) for _, e, _ in heard.events if e.model == "loudness"] == [
        ("loudness", t) for t in EXPECTED_S
    ]
    (late,) = [e for _, e, _ in heard.events if e.model == "other"]  # it was not there for the first burst
    assert late.time_s == pytest.approx(EXPECTED_S[1], abs=0.031)  # its steps begin where it began
    assert made.counts.samples == len(samples)


def test_another_source_while_it_runs(keyword, samples):
    made, heard, _ = ear([keyword()], Script([samples[:24_000], 60]))
    made.start()
    until(lambda: len(heard.events) == 1)
    made.listen_to(module.Audio(Script([samples]), "file", endless=False))
    until(lambda: not made.alive)
    assert times(heard) == [EXPECTED_S[0], *EXPECTED_S]


def test_pulses_are_made_only_while_somebody_watches(keyword, samples):
    pulses = Hub()
    made, _, _ = ear([keyword()], Script([samples[:16_000], 0.4, samples[16_000:]]), endless=False, pulses=pulses)
    made.listen_in = True
    made.start()
    until(lambda: made.counts.samples == 16_000)
    feed = pulses.feed("page")
    until(lambda: not made.alive)
    seen = feed.take()
    assert sum(len(p.samples) for p in seen) == 2 * (len(samples) - 16_000)
    assert seen[-1].time_s == len(samples) / 16_000
    rows = [row for p in seen for row in p.bands]
    assert len(rows) == pytest.approx((len(samples) - 16_000) / 160, abs=2)
    assert all(0 <= value <= 255 for row in rows for value in row) and {len(row) for row in rows} == {40}
    assert max(p.scores["loudness"]["loud"] for p in seen) > 0.99
    assert max(p.peak_dbfs for p in seen) > -10 > min(p.level_dbfs for p in seen)


def test_clipping_and_dead_silence_are_said(keyword, monkeypatch):
    monkeypatch.setattr(module, "REPORT_S", 0.0)
    square = np.where(np.arange(32_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    noise = np.random.default_rng(1).integers(-9, 9, 16_000 * 12).astype(np.int16)
    made, _, told = ear([keyword()], Script([noise[:8_000], square, noise, silence(6), 60]))
    made.start()
    until(lambda: ("audio", False, "silent") in told)
    made.stop()
    states = [state for part, _, state in told if part == "audio"]
    assert [s for s in states if s not in ("opening", "ended")] == ["hearing", "clipping", "hearing", "silent"]
    assert made.counts.clipped_samples == len(square)
    assert "muted or unplugged" in made.health.parts["audio"].text or states[-1] == "ended"


def test_recent_is_what_was_heard_last(keyword, samples):
    made, _, _ = ear([keyword()], Script([samples, 60]), recent_s=1.0)
    made.start()
    until(lambda: made.counts.samples == len(samples))
    np.testing.assert_array_equal(made.recent.last(), samples[-16_000:])
    np.testing.assert_array_equal(made.recent.last(100), samples[-100:])
    made.stop()


def test_a_defect_in_a_model_is_not_hidden(keyword, samples):
    task = keyword()
    task.push = lambda features: 1 / 0
    made, _, told = ear([task], Script([samples]))
    made.start()
    until(lambda: not made.alive)
    assert isinstance(made.error, ZeroDivisionError) and told[-1] == ("audio", False, "failed")


def test_the_sizes_of_blocks_make_no_difference(keyword, samples):
    """Blocks of a microphone, of a file, of one sample now and then."""
    rng = np.random.default_rng(4)
    for sizes in ([BLOCK], [3_200], rng.integers(1, 5_000, 100).tolist()):
        parts, rest = [], samples
        while len(rest):
            size = sizes[len(parts) % len(sizes)]
            parts.append(rest[:size])
            rest = rest[size:]
        made, heard, _ = ear([keyword()], lambda parts=parts: _Parts(parts), endless=False)
        run(made)
        assert times(heard) == EXPECTED_S


class _Parts(list):
    def close(self):
        pass
