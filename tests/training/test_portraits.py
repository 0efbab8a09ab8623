"""Pictures of people: every way a file can be, and what compositor and augmentation keep."""

import numpy as np
import pytest
from PIL import Image

from edge.source.still import BACKDROP
from training.augment.portrait_clothes import dressed
from training.augment.portrait_light import light
from training.augment.portrait_warp import warp
from training.data.audio import DataError
from training.data.compositor import Compose, beside_people, compose, cut_out, grain, grained
from training.data.drawn_portraits import backdrop, drawn, write_drawn
from training.data.portraits import KEPT, Picture, Portraits, open_picture, read_mask, resized


def picture(height=40, width=60):
    """Left half red, right half blue, the person in the left half."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2, 0], rgb[:, width // 2 :, 2] = 250, 250
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    return Image.fromarray(rgb), Image.fromarray(mask)


def folder(tmp_path, **pictures):
    for kind in ("img", "mask"):
        (tmp_path / kind).mkdir(exist_ok=True)
    for name, (image, mask) in pictures.items():
        image.save(tmp_path / "img" / f"{name}.png")
        mask.save(tmp_path / "mask" / f"{name}.png")
    return tmp_path


def test_pairs_are_read_by_name(tmp_path):
    write_drawn(str(tmp_path), 3, 48)
    read = list(Portraits(tmp_path).read())
    assert [n for n, _ in read] == ["0000", "0001", "0002"]
    assert all(p.rgb.shape == (48, 48, 3) and p.mask.dtype == bool and p.mask.shape == (48, 48) for _, p in read)


def test_exif_turns_the_picture_and_a_mask_drawn_as_shown_fits(tmp_path):
    image, mask = picture()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter clockwise
    folder(tmp_path)
    image.save(tmp_path / "img" / "a.jpg", exif=exif, quality=95)
    mask.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "mask" / "a.png")
    ((_, found),) = Portraits(tmp_path).read()
    assert found.rgb.shape == (60, 40, 3)
    assert found.rgb[5, 20, 0] > 200 > found.rgb[55, 20, 0]
    assert found.mask[:30].all() and not found.mask[30:].any()


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    grey = Image.fromarray(np.tile(np.arange(64, dtype=np.uint16) * 1000, (32, 1)))
    (grey if mode == "I;16" else picture()[0].convert(mode)).save(path)
    found = np.asarray(open_picture(path))
    assert found.ndim == 3 and found.dtype == np.uint8 and found.std() > 1


def test_what_is_transparent_is_grey(tmp_path):
    rgb = np.asarray(picture()[0])
    Image.fromarray(np.dstack([rgb, np.zeros(rgb.shape[:2], np.uint8)])).save(tmp_path / "a.png")
    assert tuple(np.asarray(open_picture(tmp_path / "a.png"))[3, 3]) == BACKDROP


def test_large_pictures_are_kept_small(tmp_path):
    Image.new("RGB", (8000, 8000), (10, 200, 30)).save(tmp_path / "a.jpg", quality=30)
    assert open_picture(tmp_path / "a.jpg").size == (KEPT, KEPT)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"GIF89a", b"not a picture"])
def test_what_is_no_picture_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a picture") as e:
        open_picture(path)
    assert "\n" not in str(e.value)


def test_bad_files_are_counted_and_the_others_read(tmp_path):
    image, mask = picture()
    folder(tmp_path, good=(image, mask), tiny=(Image.new("RGB", (1, 1)), mask), turned=(image, mask.resize((40, 60))))
    drawn(np.random.default_rng(0), 200, 1)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
    noise.save(tmp_path / "img" / "cut.jpg")
    whole = (tmp_path / "img" / "cut.jpg").read_bytes()
    (tmp_path / "img" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    mask.save(tmp_path / "mask" / "cut.png")
    image.save(tmp_path / "img" / "alone.png")
    data = Portraits(tmp_path)
    assert [n for n, _ in data.read()] == ["good"]
    assert data.skipped == {"no mask": 1, "unreadable": 3}
    said = "\n".join(data.named)
    for text in ("alone.png: no mask", "tiny.png: 1 x 1 pixels", "40 x 60 pixels for a picture of 60 x 40", "cut.jpg"):
        assert text in said


def test_masks_of_another_size_or_of_ones_are_taken(tmp_path):
    image, mask = picture()
    mask.resize((120, 80)).save(tmp_path / "large.png")
    Image.fromarray((np.asarray(mask) > 0).astype(np.uint8)).save(tmp_path / "ones.png")
    for name in ("large", "ones"):
        assert np.array_equal(read_mask(tmp_path / f"{name}.png", image.size), np.asarray(mask) > 0)


def test_masks_by_colour_alpha_16_bits_or_fractions_are_taken(tmp_path):
    image, mask = picture()
    person = np.asarray(mask) > 0
    white_first = mask.point(lambda v: 0 if v else 1).convert("P")
    white_first.putpalette([255, 255, 255, 0, 0, 0])
    dark = mask.point(lambda v: 1 if v else 0).convert("P")
    dark.putpalette([0, 0, 0, 100, 0, 0])
    cut = Image.new("RGBA", mask.size, (255, 255, 255, 0))
    cut.putalpha(mask)
    deep = Image.fromarray(np.where(person, 65_535, 30_000).astype(np.uint16))
    parts = Image.fromarray(np.where(person, 0.9, 0.0).astype(np.float32))
    for name, made in {"white_first": white_first, "dark": dark, "cut": cut, "deep": deep, "parts": parts}.items():
        path = tmp_path / f"{name}.{'tif' if made.mode == 'F' else 'png'}"
        made.save(path)
        assert np.array_equal(read_mask(path, image.size), person), name


def test_a_mask_of_class_numbers_is_refused(tmp_path):
    image, mask = picture()
    mask.point(lambda v: 15 if v else 0).save(tmp_path / "numbers.png")
    with pytest.raises(DataError, match="no white in it, 15 at most; draw people white, or 1 on 0"):
        read_mask(tmp_path / "numbers.png", image.size)


def test_a_mask_of_several_classes_is_refused(tmp_path):
    image, mask = picture()
    numbers = mask.point(lambda v: 15 if v else 0)
    numbers.paste(255, (0, 0, 60, 2))  # the outline that no class has
    numbers.save(tmp_path / "numbers.png")
    colours = numbers.convert("P")
    colours.putpalette([0, 0, 0] + [90] * 42 + [192, 128, 128] + [0] * 717 + [224, 224, 192])
    colours.save(tmp_path / "colours.png")
    for name in ("numbers", "colours"):
        with pytest.raises(DataError, match=f"{name}.png: a mask of several classes; draw people white"):
            read_mask(tmp_path / f"{name}.png", image.size)


def test_files_of_one_name_are_told_apart_by_their_place(tmp_path):
    image, mask = picture()
    for place, drawn_mask in (("a", mask), ("b", Image.new("L", mask.size))):
        for kind in ("img", "mask"):
            (tmp_path / kind / place).mkdir(parents=True)
        image.save(tmp_path / "img" / place / "1.tif")
        drawn_mask.save(tmp_path / "mask" / place / "1.gif")
    image.save(tmp_path / "img" / "a" / "1.bmp")
    data = Portraits(tmp_path)
    assert [(n, bool(p.mask.any())) for n, p in data.read()] == [("a/1", True), ("b/1", False)]
    assert data.skipped == {"second of its name": 1} and "1.tif: another picture has its name" in data.named[0]


def test_a_folder_without_pairs_is_refused(tmp_path):
    with pytest.raises(DataError, match="no folders img and mask"):
        Portraits(tmp_path)
    with pytest.raises(DataError, match="no picture has a mask"):
        Portraits(folder(tmp_path))


def test_holes_of_a_mask_are_filled_but_the_gap_under_an_arm_stays():
    mask = np.zeros((100, 100), bool)
    mask[10:90, 10:90] = True
    mask[20:23, 20:23] = False
    mask[40:70, 40:70] = False
    person = cut_out(Picture(np.zeros((100, 100, 3), np.uint8), mask))
    alpha = person.alpha
    assert alpha[10:16, 10:16].min() > 0.9  # the small hole
    assert alpha[40:60, 40:60].max() < 0.1
    assert 0.1 < alpha[40, 2] < 0.9  # feathered
    assert person.cut == (False,) * 4


def test_nobody_is_cut_out_of_an_empty_picture():
    assert cut_out(Picture(np.zeros((50, 50, 3), np.uint8), np.zeros((50, 50), bool))) is None


def test_composed_people_cover_what_was_asked():
    rng = np.random.default_rng(1)
    people = [cut_out(drawn(rng, 120, 1)) for _ in range(6)]
    shares = [
        compose(rng, [people[i % 6], *people], backdrop(rng, 90), Compose(), (64, 96)).mask.mean() for i in range(120)
    ]
    assert sum(s == 0 for s in shares) < 20
    assert min(s for s in shares if s) < 0.1 and 0.4 < max(shares) <= 1.0


def test_a_person_cut_by_the_lower_border_stands_there_again():
    rng = np.random.default_rng(2)
    mask = np.zeros((80, 80), bool)
    mask[30:, 30:50] = True
    person = cut_out(Picture(np.full((80, 80, 3), 200, np.uint8), mask))
    options = Compose(people=(1.0,), empty=0.0, share=(0.1, 0.2))
    for _ in range(20):
        made = compose(rng, [person], backdrop(rng, 80), options, (64, 64)).mask
        assert made[-1].any()


def test_what_is_beside_people_is_a_background():
    rgb = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    mask = np.zeros((200, 300), bool)
    mask[50:, 200:260] = True
    mask[80:90, 110:120] = True
    assert np.array_equal(beside_people(Picture(rgb, mask)), rgb[:, :104])  # 2 % of the longer side are kept off
    assert beside_people(Picture(rgb, np.ones_like(mask))) is None
    assert beside_people(Picture(rgb, np.zeros_like(mask))) is rgb


def test_new_clothes_leave_the_head_and_keep_the_folds():
    rng = np.random.default_rng(6)
    rgb = np.full((100, 60, 3), 100.0, np.float32)
    rgb[::2] = 140
    green = np.zeros((100, 60, 3), np.uint8)
    green[..., 1] = 200
    for _ in range(20):
        made = dressed(rng, rgb, np.ones((100, 60), np.float32), green)
        assert made.dtype == np.float32 and made.shape == rgb.shape
        assert np.abs(made[:3, 30] - rgb[:3, 30]).max() < 2  # the line is slanted
        assert (made[95:, 30, 1] - made[95:, 30, 0]).min() > 40
        assert abs(float(made[96, 30, 1] - made[97, 30, 1])) > 20


def test_clothes_change_no_mask_and_none_are_changed_unasked():
    person = cut_out(drawn(np.random.default_rng(7), 120, 1))
    fabric, behind = backdrop(np.random.default_rng(8), 90), backdrop(np.random.default_rng(9), 90)

    def made(clothes, fabric):
        options = Compose(people=(1.0,), empty=0.0, clothes=clothes)
        return compose(np.random.default_rng(10), [person], behind, options, (64, 64), fabric)

    plain = made(0.0, fabric)
    assert np.array_equal(plain.rgb, made(0.0, None).rgb)
    assert not np.array_equal(plain.rgb, made(1.0, fabric).rgb)


def test_the_person_gets_the_grain_of_the_background():
    rng = np.random.default_rng(3)
    flat = np.full((64, 64, 3), 120.0)
    noisy = flat + rng.normal(0, 12, flat.shape)
    # A mean of three channels has its noise by the root of three smaller.
    assert grain(flat) == 0 and grain(noisy) == pytest.approx(12 / 3**0.5, rel=0.15)
    assert grain(grained(rng, flat, noisy)) == pytest.approx(grain(noisy), rel=0.15)
    assert np.array_equal(grained(rng, noisy, flat), noisy)


def test_picture_and_mask_are_warped_alike():
    rng = np.random.default_rng(4)
    image, mask = picture(96, 128)
    for _ in range(30):
        made = warp(rng, Picture(np.asarray(image), np.asarray(mask) > 0), (64, 64), 1.0)
        assert made.rgb.shape == (64, 64, 3)
        red = (made.rgb[..., 0] > 190) & (made.rgb[..., 2] < 60)
        assert (red & ~made.mask).mean() < 0.02
        assert made.mask.mean() < 0.9
    plain = warp(np.random.default_rng(0), Picture(np.asarray(image), np.asarray(mask) > 0), (96, 128), 0.0)
    assert plain.mask.mean() == 0.5


def test_a_picture_is_turned_as_far_as_asked():
    mask = np.zeros((65, 65), bool)
    mask[31:34, 5:60] = True
    upright = Picture(np.zeros((65, 65, 3), np.uint8), mask)

    def steepest(degrees):
        rng, tilts = np.random.default_rng(11), []
        for _ in range(40):
            y, x = np.nonzero(warp(rng, upright, (65, 65), 1.0, degrees).mask)
            if len(x) > 40:
                tilts.append(abs(np.polyfit(x, y, 1)[0]))
        return max(tilts)

    assert steepest(0.0) < 0.02 < steepest(10.0) < 0.2 < 0.5 < steepest(45.0)


def test_light_keeps_the_shape_and_the_seed_decides():
    rgb = drawn(np.random.default_rng(5), 48).rgb
    made = [light(np.random.default_rng(i), rgb) for i in (0, 0, 1)]
    assert made[0].dtype == np.uint8 and made[0].shape == rgb.shape
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])


def test_a_picture_at_the_networks_size():
    image, mask = picture()
    small = resized(Picture(np.asarray(image), np.asarray(mask) > 0), 32, 32)
    assert small.rgb.shape == (32, 32, 3) and small.mask[:, :15].all() and not small.mask[:, 17:].any()
