"""Video files: every picture at its time, the right way up; broken ones survived or one line."""

import numpy as np
import pytest
from films import film, picture, sound

from edge.source import SourceError
from edge.source.video import Video


def read(path, **options):
    source = Video(path, **options)
    frames = list(source)
    source.close()
    return frames


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mp4", "mpeg4"), ("a.mkv", "ffv1"), ("a.avi", "mjpeg")]
)
def test_every_picture_at_its_time(tmp_path, name, codec):
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    frames = read(film(tmp_path / name, codec=codec, pix_fmt=pix_fmt))
    assert [f.number for f in frames] == list(range(20))
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(20) / 10, atol=0.002)
    for i in (0, 7, 19):
        assert frames[i].rgb.shape == (48, 64, 3)
        assert np.abs(frames[i].rgb.astype(int) - picture(i)).mean() < 6


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_telephone_held_upright(tmp_path, angle):
    frame = read(film(tmp_path / "a.mp4", count=2, rotation=angle))[0]
    expected = np.rot90(picture(0), angle // 90)
    assert frame.rgb.shape == expected.shape and np.abs(frame.rgb.astype(int) - expected).mean() < 6


def test_10_bits(tmp_path):
    frame = read(film(tmp_path / "a.mkv", count=2, codec="ffv1", pix_fmt="yuv422p10le"))[0]
    assert np.abs(frame.rgb.astype(int) - picture(0)).mean() < 4


def test_without_times_the_rate_is_the_clock(tmp_path):
    """What a camera's encoder writes as it comes."""
    frames = read(film(tmp_path / "a.h264"))
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(20) / 10, atol=0.001)


def test_after_a_join_the_clock_goes_on(tmp_path):
    once = film(tmp_path / "a.ts").read_bytes()
    (tmp_path / "joined.ts").write_bytes(once + once)
    times = [f.time_s for f in read(tmp_path / "joined.ts")]
    assert len(times) == 40 and times[0] == 0
    np.testing.assert_allclose(np.diff(times), 0.1, atol=0.002)


def test_a_cut_file_gives_what_is_there(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3)).astype(np.uint8)
    whole = film(tmp_path / "a.mkv", pictures=noise)
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    try:
        frames = read(tmp_path / "cut.mkv")
    except SourceError as e:
        assert "breaks off" in str(e)  # noqa: PT017
    else:
        assert 5 < len(frames) < 20


def test_what_cannot_be_decoded_is_counted(tmp_path):
    """Two pictures of zeros: these are lost, the rest is seen."""
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3)).astype(np.uint8)
    path = film(tmp_path / "a.avi", pictures=noise, codec="mjpeg", pix_fmt="yuvj420p")
    data = bytearray(path.read_bytes())
    chunks = [k + 8 for k in range(len(data)) if data[k : k + 4] == b"00dc"]
    for i in (5, 9):
        end = chunks[i] + int.from_bytes(data[chunks[i] - 4 : chunks[i]], "little")
        data[chunks[i] : end] = bytes(end - chunks[i])
    path.write_bytes(data)
    said = []
    source = Video(path, say=said.append)
    frames = list(source)
    source.close()
    assert source.skipped + len(frames) == 20 and source.skipped == 2
    assert len(said) == 1 and "2 pictures cannot be decoded" in said[0]


BROKEN = {
    "missing": (lambda p: None, "no such file"),
    "empty": (lambda p: p.write_bytes(b""), "0 bytes"),
    "text": (lambda p: p.write_text("hello " * 100), "no video that FFmpeg reads"),
    "without its end": (lambda p: p.write_bytes(film(p).read_bytes()[:2_000]), "no video that FFmpeg reads"),
    "sound": (sound, "has no pictures, only sound"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_video_is_one_line(tmp_path, kind, capfd):
    make, says = BROKEN[kind]
    make(tmp_path / "bad.mp4")
    with pytest.raises(SourceError, match=says) as e:
        read(tmp_path / "bad.mp4")
    assert str(tmp_path / "bad.mp4") in str(e.value) and "\n" not in str(e.value)
    assert capfd.readouterr().err == ""


def test_closing_ends_it(tmp_path):
    source = Video(film(tmp_path / "a.mp4"))
    seen = 0
    for _frame in source:
        seen += 1
        source.close()
    assert seen < 20
    source.close()
