"""Sound files: every container and rate gives the same sound; bad ones are one line."""

import time

import numpy as np
import pytest
import soundfile
import soxr

from edge.source import SourceError
from edge.source.file import File


def read(path, **options):
    source = File(path, **options)
    blocks = list(source)
    source.close()
    return np.concatenate(blocks)


def test_16_khz_mono_comes_out_as_it_went_in(wav, samples):
    np.testing.assert_array_equal(read(wav), samples)


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3"])
def test_containers(tmp_path, samples, kind):
    path = tmp_path / f"x.{kind}"
    options = {"format": "OGG", "subtype": "OPUS"} if kind == "opus" else {}
    soundfile.write(path, samples, 16_000, **options)
    got = read(path)
    assert abs(len(got) - len(samples)) < 1_600
    assert np.std(got[16_500:22_000]) == pytest.approx(np.std(samples[16_500:22_000]), rel=0.3)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_rates_and_channels(tmp_path, rate_hz, channels):
    t = np.arange(rate_hz) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 440 * t)
    soundfile.write(tmp_path / "x.wav", np.repeat(tone[:, None], channels, axis=1), rate_hz)
    got = read(tmp_path / "x.wav").astype(float)
    expected = 16384 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert abs(len(got) - 16_000) <= 1
    np.testing.assert_allclose(got[800:15_000], expected[800:15_000], atol=12)


def test_blocks_do_not_change_the_resampled_sound(tmp_path, samples):
    at_48k = soxr.resample(samples, 16_000, 48_000)
    soundfile.write(tmp_path / "x.wav", at_48k, 48_000)
    np.testing.assert_array_equal(read(tmp_path / "x.wav"), read(tmp_path / "x.wav", realtime=False))
    whole = soxr.resample(at_48k.astype(np.float32), 48_000, 16_000)
    np.testing.assert_allclose(read(tmp_path / "x.wav"), whole[: len(samples)], atol=1)


def test_a_float_file_with_nan_and_overload_is_clipped(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.array([0.0, 3.0, -3.0, np.nan]), 16_000, subtype="FLOAT")
    assert read(tmp_path / "x.wav").tolist() == [0, 32767, -32768, 0]


def test_realtime_is_paced(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros(4_800), 16_000)
    started = time.monotonic()
    assert len(read(tmp_path / "x.wav", realtime=True)) == 4_800
    assert time.monotonic() - started >= 0.3


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("hello " * 100)


def header_only(path):
    soundfile.write(path, np.zeros(0), 16_000)


def too_slow(path):
    soundfile.write(path, np.zeros(100), 1_000)


def too_many_channels(path):
    soundfile.write(path, np.zeros((100, 64)), 16_000)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "a folder"),
        (empty, "0 bytes"),
        (text, "no sound file"),
        (header_only, "holds no samples"),
        (too_slow, "1,000 Hz"),
        (too_many_channels, "64 channels"),
    ],
)
def test_bad_files_are_one_line(tmp_path, make, says):
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises(SourceError, match=says) as e:
        read(path)
    assert str(path) in str(e.value) and "\n" not in str(e.value)


def test_a_cut_file_gives_what_is_there(wav, tmp_path, samples):
    (tmp_path / "cut.wav").write_bytes(wav.read_bytes()[:20_044])
    np.testing.assert_array_equal(read(tmp_path / "cut.wav"), samples[:10_000])


def test_a_cut_flac_is_short_or_one_line(tmp_path, samples):
    soundfile.write(tmp_path / "x.flac", samples, 16_000)
    content = (tmp_path / "x.flac").read_bytes()
    (tmp_path / "x.flac").write_bytes(content[: len(content) // 2])
    try:
        assert len(read(tmp_path / "x.flac")) < len(samples)
    except SourceError as e:
        assert "x.flac" in str(e)  # noqa: PT017
