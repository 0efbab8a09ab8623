"""The stream builder: layout, levels, noise, labels, files."""

import dataclasses

import numpy as np
import pytest
import soundfile

from training.data.audio import DataError
from training.evaluate.stream import (
    RATE_HZ,
    Rules,
    Sound,
    Tape,
    build,
    layout,
    levelled,
    loudest,
    read_labels,
)


def burst(seed, seconds=1.0, word_s=(0.3, 0.8)):
    """A word between silences."""
    rng = np.random.default_rng(seed)
    audio = np.zeros(int(seconds * RATE_HZ))
    first, last = (int(s * RATE_HZ) for s in word_s)
    audio[first:last] = rng.normal(0, 3000, last - first)
    return audio.astype(np.int16)


@pytest.fixture
def words():
    return [Sound(f"k{i}", burst(i), "alexa") for i in range(6)]


@pytest.fixture
def speech():
    rng = np.random.default_rng(9)
    return [Sound(f"b{i}", rng.normal(0, 500 + 100 * i, RATE_HZ * 3).astype(np.int16)) for i in range(20)]


@pytest.fixture
def noise():
    rng = np.random.default_rng(7)
    return [Sound(f"n{i}", rng.normal(0, 200 * (i + 1), RATE_HZ * 5).astype(np.int16)) for i in range(3)]


def test_same_seed_same_stream(words, speech, noise):
    rules = Rules(snr_db=10)
    one, two = (build(words, speech, noise, rules, seed=3) for _ in range(2))
    other = build(words, speech, noise, rules, seed=4)
    assert np.array_equal(one.audio, two.audio) and one.labels == two.labels
    assert one.labels != other.labels


def test_noise_leaves_the_layout_as_it_is(words, speech, noise):
    assert build(words, speech).labels == build(words, speech, noise, Rules(snr_db=0)).labels


def test_nothing_overlaps_and_everything_is_in_once(words, speech):
    rules = Rules()
    slots, samples = layout(words, speech, rules, np.random.default_rng(0))
    assert sorted(s.sound.name for s in slots) == sorted(s.name for s in words + speech)
    for before, after in zip(slots, slots[1:], strict=False):
        guard = rules.guard_s if before.sound.label or after.sound.label else rules.pause_s
        assert after.start - before.end >= guard * RATE_HZ
    assert slots[-1].end <= samples


def test_gaps_are_even(words, speech):
    onsets = [label.onset_s for label in build(words, speech).labels]
    assert np.ptp(np.diff(onsets)) <= 4.0  # a background recording of 3 s and its pause


def test_labels_span_the_word_not_the_clip(words, speech):
    stream = build(words, speech)
    for label in stream.labels:
        assert label.offset_s - label.onset_s == pytest.approx(0.5, abs=0.05)
        inside = stream.audio[int(label.onset_s * RATE_HZ) : int(label.offset_s * RATE_HZ)]
        assert loudest(inside) > 1e6


def test_a_click_is_no_word():
    label = build([Sound("k", burst(0, word_s=(0.3, 0.35)), "alexa")], []).labels[0]
    assert label.offset_s - label.onset_s == pytest.approx(1.0)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
def test_the_ratio_is_reached(words, speech, noise, snr_db):
    rules = Rules(snr_db=snr_db, peak=0.2)
    clean, noisy = build(words, speech), build(words, speech, noise, rules)
    clean = build(words, speech, rules=dataclasses.replace(rules, snr_db=None))
    slots, _ = layout(words, speech, rules, np.random.default_rng(0))
    for slot in slots:
        part = clean.audio[slot.start : slot.end].astype(float)
        beneath = noisy.audio[slot.start : slot.end] - part
        assert 10 * np.log10(loudest(part) / loudest(beneath)) == pytest.approx(snr_db, abs=0.1)


def test_noise_never_stops(words, speech, noise):
    audio = build(words, speech, noise, Rules(snr_db=10)).audio.astype(float)
    frames = audio[: len(audio) // 480 * 480].reshape(-1, 480)
    assert (frames.std(axis=1) > 1).all()


def test_parts_have_the_peak(speech):
    assert np.abs(levelled(speech[0].audio, 0.5)).max() == pytest.approx(0.5 * 32767, rel=1e-5)
    assert not levelled(np.zeros(100, np.int16), 0.5).any()


def test_hours_bound_the_stream(words, speech):
    stream = build(words, speech, rules=Rules(hours=40 / 3600))
    assert stream.hours <= 41 / 3600
    assert len(stream.labels) == len(words)


def test_presence_keeps_the_length(words, speech):
    full, sparse = build(words, speech), build(words, speech, rules=Rules(presence=0.2))
    assert len(full.audio) == len(sparse.audio)
    assert sparse.composition["background_clips"] < full.composition["background_clips"] == len(speech)


def test_tape_is_level(noise):
    piece = Tape(noise, np.random.default_rng(0)).take(RATE_HZ * 40)
    seconds = piece.reshape(40, -1).std(axis=1)
    assert len(piece) == RATE_HZ * 40 and seconds.max() / seconds.min() < 1.2


def test_written_and_read_again(words, speech, tmp_path):
    stream = build(words, speech)
    stream.write(tmp_path / "s.flac", tmp_path / "s.jsonl")
    audio, rate_hz = soundfile.read(tmp_path / "s.flac", dtype="int16")
    assert rate_hz == RATE_HZ and np.array_equal(audio, stream.audio)
    assert read_labels(tmp_path / "s.jsonl") == stream.labels


@pytest.mark.parametrize("line", ["x", "[]", '{"onset_s": 1}', '{"onset_s": 2, "offset_s": 1, "label": "a"}'])
def test_a_bad_label_is_named_by_its_line(line, tmp_path):
    good = '{"onset_s": 0, "offset_s": 1, "label": "a"}\n'
    (tmp_path / "l.jsonl").write_text(good + line)
    with pytest.raises(DataError, match="l.jsonl:2"):
        read_labels(tmp_path / "l.jsonl")


def test_one_line_for_what_cannot_be_built(words):
    with pytest.raises(DataError, match="no clips"):
        build([], [])
    with pytest.raises(DataError, match="10 dB"):
        build(words, [], rules=Rules(snr_db=10))
    with pytest.raises(DataError, match="silent"):
        build(words, [], [Sound("n", np.zeros(100, np.int16))], Rules(snr_db=10))
