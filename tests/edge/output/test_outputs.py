"""Views as pictures, a video, a stream: whole or not at all, and one line when there is no room."""

import io
import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from edge.output import OutputError
from edge.output.pictures import Pictures
from edge.output.stream import Stream
from edge.output.video import PIECE_FRAMES, Video
from edge.source.frame import Frame

RGB = np.full((48, 64, 3), (200, 30, 30), np.uint8)
GREY = np.full((48, 64), 90, np.uint8)


def frame(number=0, name="", time_s=None):
    return Frame(RGB, number / 10 if time_s is None else time_s, number, name)


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_pictures_keep_their_names_and_kinds(tmp_path):
    write = Pictures(tmp_path / "new" / "out")
    for number, name in enumerate(("a.jpg", "a.JPEG", "b.png", "below/c.webp", "d.gif", "d.tif")):
        write(RGB, frame(number, name))
    write(RGB, frame(6))
    assert names(tmp_path / "new/out") == [
        "000006.jpg",
        "a.JPEG",
        "a.jpg",
        "b.png",
        "below/c.png",
        "d.png",
        "d.tif.png",
    ]
    assert Image.open(tmp_path / "new/out/a.JPEG").format == "JPEG"
    assert (np.asarray(Image.open(tmp_path / "new/out/below/c.png")) == RGB).all()


def test_a_name_as_long_as_names_can_be(tmp_path):
    name = "x" * 251 + ".jpg"
    Pictures(tmp_path)(RGB, frame(0, name))
    assert names(tmp_path) == [name]


def test_grey_views_are_png(tmp_path):
    write = Pictures(tmp_path)
    write(GREY, frame(0, "a.jpg"))
    write(GREY, frame(1, "a.png"))
    assert names(tmp_path) == ["a.png", "a.png.png"]
    assert Image.open(tmp_path / "a.png").mode == "L"


def test_one_picture(tmp_path):
    Pictures(tmp_path, "x.png")(RGB, frame(0, "a.jpg"))
    assert names(tmp_path) == ["x.png"]


@pytest.mark.parametrize(
    ("failure", "says", "kind"),
    [
        (OSError(28, "No space left on device"), "a.png: cannot be written .No space left on device", OutputError),
        (KeyboardInterrupt(), None, KeyboardInterrupt),
    ],
)
def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch, failure, says, kind):
    def full(self, data):
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise failure

    write = Pictures(tmp_path)
    write(RGB, frame(0, "a.png"))
    before = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(kind, match=says):
        Pictures(tmp_path)(RGB, frame(0, "a.png"))
    assert names(tmp_path) == ["a.png"] and (tmp_path / "a.png").read_bytes() == before


def test_a_folder_that_is_read_only_is_named_with_its_picture(tmp_path, monkeypatch):
    def refuse(self, *arguments, **options):
        raise OSError(30, "Read-only file system", str(self))

    write = Pictures(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match="/a.png: cannot be written .Read-only file system"):
        write(RGB, frame(0, "a.png"))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        Pictures(tmp_path / "file" / "out")


def read(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def moving(i, height=48, width=64):
    rgb = np.full((height, width, 3), 40 + 4 * (i % 40), np.uint8)
    rgb[: height // 3, : width // 3] = (220, 20, 20)
    return rgb


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "webm"])
def test_a_video_keeps_the_times(tmp_path, suffix):
    times = [0.0, 0.1, 0.2, 0.5, 0.6, 3.0]
    write = Video(tmp_path / f"a.{suffix}")
    for i, time_s in enumerate(times):
        write(moving(i), frame(i, time_s=time_s))
    write.close()
    write.close()
    found = read(tmp_path / f"a.{suffix}")
    np.testing.assert_allclose([t for t, _ in found], times, atol=0.002)
    assert all(np.abs(rgb.astype(int) - moving(i)).mean() < 8 for i, (_, rgb) in enumerate(found))


def test_views_of_odd_and_changing_sizes_and_grey_ones(tmp_path):
    write = Video(tmp_path / "a.mp4")
    for i, view in enumerate((moving(0, 49, 65), moving(1, 30, 40), GREY, np.zeros((100, 20), np.uint8))):
        write(view, frame(i, time_s=0.0))  # times that do not rise either
    write.close()
    found = read(tmp_path / "a.mp4")
    assert [rgb.shape for _, rgb in found] == [(48, 64, 3)] * 4
    assert np.all(np.diff([t for t, _ in found]) > 0)


def test_a_video_of_nothing(tmp_path):
    Video(tmp_path / "a.mp4").close()
    assert (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
def test_a_video_is_playable_however_it_ends(tmp_path, suffix):
    """What is on the disk while it is still being written."""
    path, crash = tmp_path / f"a.{suffix}", tmp_path / f"crash.{suffix}"
    write = Video(path)
    for i in range(4 * PIECE_FRAMES):
        write(moving(i), frame(i))
    crash.write_bytes(path.read_bytes())
    write.close()
    assert len(read(crash)) >= 2 * PIECE_FRAMES
    assert len(read(path)) == 4 * PIECE_FRAMES


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_no_room_for_a_video_is_one_line(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.symlink_to("/dev/full")
    rng = np.random.default_rng(0)
    with pytest.raises(OutputError, match=f"a.{suffix}: cannot be written .No space left on device"):
        write = Video(path)
        for i in range(200):
            write(rng.integers(0, 256, (240, 320, 3)).astype(np.uint8), frame(i))
        write.close()
    write.close()


def test_a_place_for_a_video_that_is_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        Video(tmp_path / "file" / "a.mp4")
    (tmp_path / "b.mp4").mkdir()
    with pytest.raises(OutputError, match="b.mp4: cannot be written"):
        Video(tmp_path / "b.mp4")


def test_a_stream_of_jpegs():
    pipe = io.BytesIO()
    write = Stream(pipe)
    for i, view in enumerate((RGB, GREY, RGB[:20])):
        write(view, frame(i))
    write.close()
    data = pipe.getvalue()
    starts = [i for i in range(len(data)) if data[i : i + 3] == b"\xff\xd8\xff"]
    pictures = [Image.open(io.BytesIO(data[a:b])) for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    assert [p.size for p in pictures] == [(64, 48), (64, 48), (64, 20)]
    with av.open(io.BytesIO(data), format="mjpeg") as container:
        assert len(list(container.decode(video=0))) >= 2


def test_a_raw_stream_has_one_size():
    pipe = io.BytesIO()
    write = Stream(pipe, "raw")
    for i, view in enumerate((RGB, GREY, RGB[:20])):
        write(view, frame(i))
    pictures = np.frombuffer(pipe.getvalue(), "u1").reshape(3, 48, 64, 3)
    assert (pictures[0] == RGB).all() and (pictures[1] == 90).all()


def test_a_named_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write = Stream(tmp_path / "pipe")
    write(RGB, frame())
    assert os.read(reader, 3) == b"\xff\xd8\xff"
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        write(RGB, frame())


def test_no_room_for_a_stream_is_one_line():
    write = Stream(Path("/dev/full"))
    with pytest.raises(OutputError, match="/dev/full: cannot be written .No space left on device"):
        write(RGB, frame())
