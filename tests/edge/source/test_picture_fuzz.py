"""Whatever bytes a file has: a picture, or one line."""

import io

import numpy as np
import pytest
from films import film
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge.source import SourceError
from edge.source.still import read_still
from edge.source.video import Video


def encoded(kind, mode="RGB", **options):
    memory = io.BytesIO()
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(memory, kind, exif=exif, **options)
    return memory.getvalue()


STILLS = {
    "jpg": encoded("JPEG"),
    "jpg, progressive": encoded("JPEG", progressive=True),
    "png": encoded("PNG"),
    "png, palette": encoded("PNG", "P"),
    "webp": encoded("WEBP"),
    "tiff": encoded("TIFF"),
}

damage = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12)


def damaged(data, changes, kept):
    out = bytearray(data)
    for where, value in changes:
        out[int(where * len(out))] = value
    return bytes(out[: int(kept * len(out))])


@pytest.mark.parametrize("kind", STILLS)
@settings(max_examples=60)
@given(changes=damage, kept=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_damaged_pictures(tmp_path_factory, kind, changes, kept):
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(damaged(STILLS[kind], changes, kept))
    try:
        rgb = read_still(path)
    except SourceError as e:
        assert str(e).startswith(str(path)) and "\n" not in str(e)  # noqa: PT017
    else:
        assert rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.flags.c_contiguous


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    mjpeg = film(folder / "a.avi", 6, codec="mjpeg", pix_fmt="yuvj420p")
    return [film(folder / "a.mp4", 6).read_bytes(), film(folder / "a.mkv", 6).read_bytes(), mjpeg.read_bytes()]


@settings(max_examples=60)
@given(which=st.integers(0, 2), changes=damage, kept=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_damaged_videos(tmp_path_factory, videos, which, changes, kept):
    path = tmp_path_factory.getbasetemp() / "damaged.mp4"
    path.write_bytes(damaged(videos[which], changes, kept))
    try:
        source = Video(path)
    except SourceError as e:
        assert str(e).startswith(str(path)) and "\n" not in str(e)  # noqa: PT017
        return
    try:
        for frame in source:
            assert frame.rgb.ndim == 3 and frame.rgb.flags.c_contiguous
    except SourceError as e:
        assert str(e).startswith(str(path)) and "\n" not in str(e)  # noqa: PT017
    finally:
        source.close()
