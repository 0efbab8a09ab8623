"""Pictures as they lie on disks: every kind of pixel, every size, broken ones named and left out."""

import os

import numpy as np
import pytest
from PIL import Image

from edge.source import SourceError
from edge.source.folder import NAMED, Folder
from edge.source.still import KEPT, read_still

# Four quarters that tell how a picture is turned.
CORNERS = np.kron(np.array([[[200, 0, 0], [0, 200, 0]], [[0, 0, 200], [200, 200, 200]]]), np.ones((16, 24, 1)))
RGB = CORNERS.astype(np.uint8)  # [32, 48, 3]


def save(path, picture=None, **options):
    (Image.fromarray(RGB) if picture is None else picture).save(path, **options)
    return path


def require_near(got, expected, within=8):
    assert got.shape == expected.shape and got.dtype == np.uint8 and got.flags.c_contiguous
    assert np.abs(got.astype(int) - expected)[2:-2, 2:-2].mean() < within


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif", "gif"])
def test_formats(tmp_path, suffix):
    require_near(read_still(save(tmp_path / f"a.{suffix}")), RGB)


# As the picture is shown, from RGB as it is stored.
EXIF = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", EXIF)
def test_exif_turns(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    require_near(read_still(save(tmp_path / "a.jpg", exif=exif, quality=95)), EXIF[orientation](RGB))


def test_modes_without_colour(tmp_path):
    grey = np.repeat(np.asarray(Image.fromarray(RGB).convert("L"))[..., None], 3, axis=2)
    require_near(read_still(save(tmp_path / "l.png", Image.fromarray(RGB).convert("L"))), grey, 1)
    require_near(
        read_still(save(tmp_path / "1.png", Image.fromarray(RGB).convert("1", dither=0))), (grey > 127) * 255, 1
    )
    deep = Image.fromarray(grey[..., 0].astype(np.uint16) * 257)
    low, high = int(grey.min()), int(grey.max())
    require_near(read_still(save(tmp_path / "i16.png", deep)), (grey.astype(int) - low) * 255 // (high - low), 2)


def test_cut_metadata_are_not_worth_a_word(tmp_path, recwarn):
    exif = Image.Exif()
    exif[0x010E] = "a description that is longer than what is left of it"
    path = save(tmp_path / "a.jpg", exif=exif, quality=95)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x01\x0e\x00\x02\x00\x00\x00\x35", b"\x01\x0e\x00\x02\x00\x00\xff\xff"))
    assert path.read_bytes() != data
    require_near(read_still(path), RGB)
    assert not recwarn.list


def test_palette_cmyk_and_16_bits_of_one_value(tmp_path):
    require_near(read_still(save(tmp_path / "p.png", Image.fromarray(RGB).quantize(16))), RGB, 3)
    require_near(read_still(save(tmp_path / "cmyk.jpg", Image.fromarray(RGB).convert("CMYK"), quality=95)), RGB)
    flat = Image.fromarray(np.full((20, 20), 700, np.uint16))
    assert read_still(save(tmp_path / "flat.png", flat)).max() == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_nothing_is_seen_through_but_grey(tmp_path, mode):
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0)).convert(mode if mode != "PA" else "RGBA")
    if mode == "PA":
        clear = clear.quantize(4)
    assert np.unique(read_still(save(tmp_path / "a.png", clear))).tolist() == [128]


def test_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (20, 20), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    assert read_still(save(tmp_path / "a.gif", picture, transparency=1))[5, 5].tolist() == [128, 128, 128]


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_8000_x_8000_is_reduced(tmp_path, suffix):
    picture = Image.new("RGB" if suffix == "jpg" else "P", (8_000, 8_000))
    picture.paste((200, 0, 0) if suffix == "jpg" else 0, (0, 0, 4_000, 8_000))
    found = read_still(save(tmp_path / f"a.{suffix}", picture))
    assert found.shape == (KEPT, KEPT, 3)
    if suffix == "jpg":
        assert found[100, 100, 0] > 180 and found[100, -100, 0] < 20


def test_a_turned_large_picture_keeps_its_aspect(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    found = read_still(save(tmp_path / "a.jpg", Image.new("RGB", (6_000, 3_000), (9, 9, 9)), exif=exif))
    assert found.shape == (KEPT, KEPT // 2, 3)


def truncated(path):
    save(path, Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)), format="JPEG")
    path.write_bytes(path.read_bytes()[:1_500])


def truncated_png(path):
    save(path, Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)), format="PNG")
    path.write_bytes(path.read_bytes()[:1_500])


BROKEN = {
    "truncated": (truncated, "truncated"),
    "truncated png": (truncated_png, "cannot be read as a picture"),
    "empty": (lambda p: p.write_bytes(b""), "cannot be read as a picture"),
    "text": (lambda p: p.write_text("hello " * 50), "cannot be read as a picture"),
    "1 x 1": (lambda p: save(p, Image.new("RGB", (1, 1)), format="PNG"), "1 x 1 pixels, less than 16"),
    "121 million pixels": (
        lambda p: save(p, Image.new("1", (11_000, 11_000)), format="PNG"),
        "11000 x 11000 pixels, more than 100,000,000",
    ),
    "400 million pixels": (lambda p: save(p, Image.new("1", (20_000, 20_000)), format="PNG"), "400000000 pixels"),
    "a folder": (lambda p: p.mkdir(), "cannot be read as a picture"),
    "a pipe that nobody writes to": (os.mkfifo, "a pipe"),
    "a link to itself": (lambda p: p.symlink_to(p.name), "cannot be read as a picture"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_picture_is_one_line(tmp_path, kind, recwarn):
    make, says = BROKEN[kind]
    make(tmp_path / "bad.jpg")
    with pytest.raises(SourceError, match=says) as e:
        read_still(tmp_path / "bad.jpg")
    assert str(tmp_path / "bad.jpg") in str(e.value) and "\n" not in str(e.value)
    assert not recwarn.list


def test_a_folder_in_order_with_what_it_holds_below(tmp_path):
    (tmp_path / "below").mkdir()
    for name in ("b.jpg", "a.PNG", "below/c.webp"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(Folder(tmp_path, rate_hz=4))
    assert [(f.name, f.number, f.time_s) for f in frames] == [
        ("a.PNG", 0, 0.0),
        ("b.jpg", 1, 0.25),
        ("below/c.webp", 2, 0.5),
    ]


def test_one_picture(tmp_path):
    save(tmp_path / "a.png")
    assert [f.name for f in Folder(tmp_path / "a.png")] == ["a.png"]


def test_broken_ones_are_named_counted_and_left_out(tmp_path):
    said = []
    save(tmp_path / "a.png")
    truncated(tmp_path / "b.jpg")
    (tmp_path / "c.png").write_bytes(b"")
    save(tmp_path / "d.png")
    source = Folder(tmp_path, say=said.append)
    assert [(f.name, f.number) for f in source] == [("a.png", 0), ("d.png", 1)]
    assert source.skipped == 2 and [("b.jpg" in said[0]), ("c.png" in said[1])] == [True, True]


def test_not_more_lines_than_can_be_read(tmp_path):
    said = []
    save(tmp_path / "z.png")
    for i in range(NAMED + 30):
        (tmp_path / f"{i:02d}.png").write_bytes(b"")
    source = Folder(tmp_path, say=said.append)
    assert len(list(source)) == 1 and source.skipped == NAMED + 30 and len(said) == NAMED + 1


def test_a_folder_that_may_not_be_looked_into_is_named_and_counted(tmp_path, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    (tmp_path / "shut").mkdir()
    save(tmp_path / "a.png")
    monkeypatch.setattr(os, "scandir", refuse)
    said = []
    source = Folder(tmp_path, say=said.append)
    assert [f.name for f in source] == ["a.png"] and source.skipped == 1
    assert said == [f"{tmp_path / 'shut'}: Permission denied; left out"]
    with pytest.raises(SourceError, match="shut: Permission denied; give another folder"):
        Folder(tmp_path / "shut")


def test_nothing_to_see_is_one_line(tmp_path):
    with pytest.raises(SourceError, match="no such file or folder"):
        Folder(tmp_path / "none")
    with pytest.raises(SourceError, match="no pictures in it"):
        Folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(SourceError, match="none of its 1 pictures can be read"):
        list(Folder(tmp_path))


def test_a_picture_that_goes_while_others_are_read(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    source = Folder(tmp_path)
    frames = iter(source)
    next(frames)
    (tmp_path / "b.png").unlink()
    assert list(frames) == [] and source.skipped == 1


def test_closing_ends_it(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    source = Folder(tmp_path)
    for _frame in source:
        source.close()
    source.close()
    assert source.skipped == 0
