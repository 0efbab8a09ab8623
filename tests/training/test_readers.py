"""Readers: labels, speakers, splits, and folders that cannot be used."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from training.data.audio import DataError, audio_files, read_audio
from training.data.clip import word_span
from training.data.sounds import Sounds, source_of
from training.data.speech_commands import SpeechCommands
from training.data.split import part_of
from training.data.wake_words import WakeWords


def test_speech_commands_labels_words_and_speakers(commands_folder):
    clips = SpeechCommands(commands_folder, ("yes", "no")).clips
    assert len(clips) == 80
    assert {c.label for c in clips} == {"yes", "no", "_unknown_", "_silence_"}
    assert {c.word for c in clips if c.label == "_unknown_"} == {"up", "bird"}
    assert len({c.speaker for c in clips}) == 8


def test_no_speaker_is_on_two_sides(commands_folder):
    data = SpeechCommands(commands_folder, ("yes", "no", "up"))
    sides = [{c.speaker for c in clips} for clips in data.split("a").values()]
    assert sum(len(s) for s in sides) == len(set.union(*sides)) == 8


def test_official_lists_win(commands_folder, tmp_path):
    folder = tmp_path / "with_lists"
    folder.mkdir()
    for word in ("yes", "no"):
        (folder / word).symlink_to(commands_folder / word)
    (folder / "testing_list.txt").write_text("yes/00abcdef_nohash_0.wav\n")
    (folder / "validation_list.txt").write_text("no/01abcdef_nohash_1.wav\n")
    split = SpeechCommands(folder, ("yes", "no")).split()
    assert [f"{c.label}/{c.path.stem}" for c in split["test"]] == ["yes/00abcdef_nohash_0"]
    assert [f"{c.label}/{c.path.stem}" for c in split["calibration"]] == ["no/01abcdef_nohash_1"]


def test_wake_words_keep_neighbours_together(wake_folders):
    clips = WakeWords(wake_folders / "hey", "hey").clips
    assert len(clips) == 24
    assert len({c.speaker for c in clips[:5]}) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("bird_0a1b2c3d_nohash_1.wav", "0a1b2c3d"),
        ("00000007_NO_03.opus", "00000007"),
        ("2691-156745-0000.opus", "2691"),
        ("3-118972-A.opus", "118972"),
        ("7_george_12.opus", "george"),
        ("tone.wav", "beeps/tone"),
    ],
)
def test_sources_come_from_the_file_names(tmp_path, name, source):
    assert source_of(tmp_path / "beeps" / name) == source


def test_long_recordings_are_cut_into_segments(wake_folders):
    clips = Sounds(wake_folders / "esc10", "_other_", segment_s=1.0).clips
    assert len(clips) == 36
    assert {round(c.start_s, 3) for c in clips} == {0.0, 1.0, 2.0}


def test_the_word_is_found_in_its_clip():
    rng = np.random.default_rng(0)
    x = 30 * rng.standard_normal(48_000)
    x[20_000:32_000] += 8000 * np.sin(np.arange(12_000) * 0.2)
    onset_s, offset_s = word_span(x.astype(np.int16))
    assert onset_s == pytest.approx(1.25, abs=0.05)
    assert offset_s == pytest.approx(2.0, abs=0.05)


@given(st.binary(min_size=0, max_size=4000))
def test_any_sound_has_a_span_inside_it(raw):
    x = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)
    onset_s, offset_s = word_span(x)
    assert 0 <= onset_s <= offset_s <= len(x) / 16_000


@given(st.text(), st.text())
def test_the_part_of_a_speaker_never_changes(key, salt):
    assert part_of(key, salt) == part_of(key, salt) in ("train", "calibration", "test")


def test_bad_folders_and_files(tmp_path, commands_folder):
    with pytest.raises(DataError, match="no such folder"):
        audio_files(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no audio"):
        audio_files(tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match="cannot be read as audio"):
        read_audio(tmp_path / "broken.wav")
    with pytest.raises(DataError, match="lies in no class folder"):
        SpeechCommands(tmp_path).clips  # noqa: B018
    soundfile.write(tmp_path / "broken.wav", np.zeros(0), 16_000)
    with pytest.raises(DataError, match="holds no samples"):
        read_audio(tmp_path / "broken.wav")
    (tmp_path / "a").mkdir()
    (tmp_path / "broken.wav").rename(tmp_path / "a" / "x.wav")
    with pytest.raises(DataError, match="class a has one clip"):
        SpeechCommands(tmp_path).clips  # noqa: B018


@pytest.mark.parametrize("rate_hz", [192_000, 1])
def test_a_header_that_cannot_be_true_is_refused(tmp_path, rate_hz):
    soundfile.write(tmp_path / "a.wav", np.full(2, 0.1), rate_hz)
    with pytest.raises(DataError, match="holds no samples|says it has 1 samples a second"):
        read_audio(tmp_path / "a.wav")


def test_links_are_followed_but_not_in_circles(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "set" / name / "x.wav", np.zeros(160), 16_000)
    (tmp_path / "set" / "c").symlink_to(tmp_path / "set" / "b")
    (tmp_path / "set" / "a" / "up").symlink_to("..")
    (tmp_path / "set" / "b" / "other").symlink_to("../a")
    files = [f.relative_to(tmp_path / "set").as_posix() for f in audio_files(tmp_path / "set")]
    assert files == ["a/x.wav", "b/other/x.wav", "b/x.wav", "c/other/x.wav", "c/x.wav"]
