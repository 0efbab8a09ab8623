"""What views show, and above all what they do not."""

import numpy as np
import pytest
from PIL import Image

from edge.source import SourceError
from edge.tasks.portrait import Portrait
from edge.view import silhouette
from edge.view.cover import shot
from edge.view.view import Options, open_view, views

SIZE = (120, 90)
VIEWS = ("blur", "replace", "silhouette", "mask")


def frame():
    """Noise: no two of its pixels alike, so whatever is shown is recognized. uint8 [90, 120, 3]."""
    return np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8)


def portrait(certain=True, empty=False, value=255):
    """A person in the middle of 60 x 60 pixels."""
    mask = np.zeros((60, 60), np.uint8)
    mask[20:50, 20:40] = value
    return Portrait(mask, float((mask > 127).mean()), not empty, certain, empty)


PERSON = np.zeros((SIZE[1], SIZE[0]), bool)
PERSON[30:75, 40:80] = True
FAR = np.ones((SIZE[1], SIZE[0]), bool)
FAR[22:83, 32:88] = False
"""What is surely not the person or its margin."""
WELL_INSIDE = np.zeros((SIZE[1], SIZE[0]), bool)
WELL_INSIDE[33:72, 43:77] = True


def seen(name, taken, **options):
    return open_view(name, Options(**options))(taken)


def leaked(view, rgb):
    """bool [H, W]: pixels that are shown as they are."""
    return (view == rgb).all(2) if view.ndim == 3 else np.zeros(view.shape, bool)


def test_every_view_is_found():
    assert sorted(VIEWS) == views()


@pytest.mark.parametrize("name", ["blur", "replace", "silhouette"])
def test_a_person_is_hidden_and_the_rest_is_shown(name):
    rgb = frame()
    view = seen(name, shot(rgb, portrait(), "person"), hide="person")
    assert view.shape == rgb.shape and view.dtype == np.uint8
    assert not leaked(view, rgb)[PERSON].any()
    assert leaked(view, rgb)[FAR].all()


@pytest.mark.parametrize("name", ["blur", "replace"])
def test_the_background_is_hidden_and_the_person_is_shown(name):
    rgb = frame()
    view = seen(name, shot(rgb, portrait(), "background"), hide="background")
    assert not leaked(view, rgb)[FAR].any()
    assert leaked(view, rgb)[WELL_INSIDE].all()


def test_what_may_be_a_person_is_hidden_too():
    """A probability of .25 beside a sure person."""
    rgb, found = frame(), portrait()
    found.mask[5:15, 5:55] = 64
    view = seen("replace", shot(rgb, found, "person"), hide="person")
    assert not leaked(view, rgb)[8:22, 10:110].any()


def test_the_outline_has_a_margin():
    rgb = frame()
    view = seen("replace", shot(rgb, portrait(), "person"), hide="person")
    around = np.zeros(PERSON.shape, bool)
    around[29:76, 39:81] = True
    assert not leaked(view, rgb)[around].any()


UNKNOWN = {
    "the network failed": None,
    "nobody found": portrait(certain=False, empty=True, value=0),
    "found, but not surely": portrait(certain=False),
}


@pytest.mark.parametrize("why", UNKNOWN)
@pytest.mark.parametrize("hide", ["person", "background"])
@pytest.mark.parametrize("name", VIEWS)
def test_all_is_hidden_when_it_is_not_known_where_people_are(name, hide, why):
    rgb = frame()
    view = seen(name, shot(rgb, UNKNOWN[why], hide), hide=hide)
    # Noise blurred may meet its own value by chance.
    assert leaked(view, rgb).mean() < (0.001 if name == "blur" else 1e-9)


@pytest.mark.parametrize(("why", "shown"), [("nobody found", True), ("the network failed", False)])
def test_an_empty_room_is_shown_on_request_only_if_it_is_surely_empty(why, shown):
    rgb = frame()
    assert leaked(seen("blur", shot(rgb, UNKNOWN[why], "person", show_empty=True)), rgb).all() == shown
    unsure = portrait(certain=False)
    assert not leaked(seen("replace", shot(rgb, unsure, "person", show_empty=True)), rgb).any()
    background = seen("replace", shot(rgb, UNKNOWN["nobody found"], "background", show_empty=True), hide="background")
    assert not leaked(background, rgb).any()


@pytest.mark.parametrize("size", [(120, 90), (640, 480), (1920, 1080)])
def test_a_blur_keeps_as_little_at_any_resolution(size):
    """Stripes of a thirtieth of the height, about what eyes and a mouth are in a face that fills it: all gone."""
    stripes = (np.arange(size[1]) * 30 // size[1] % 2 * 255).astype(np.uint8)
    rgb = np.broadcast_to(stripes[:, None, None], (size[1], size[0], 3)).copy()
    view = seen("blur", shot(rgb, None, "person"))
    assert np.ptp(view.astype(int)[size[1] // 4 : -size[1] // 4]) < 80


def test_another_picture_behind(tmp_path):
    Image.new("RGB", (300, 60), (10, 200, 30)).save(tmp_path / "beach.png")
    rgb = frame()
    view = seen("replace", shot(rgb, portrait(), "background"), hide="background", background=tmp_path / "beach.png")
    assert (view[FAR] == (10, 200, 30)).all() and leaked(view, rgb)[WELL_INSIDE].all()
    with pytest.raises(SourceError, match=r"none.png"):
        open_view("replace", Options(background=tmp_path / "none.png"))


def test_frames_of_other_sizes(tmp_path):
    Image.new("RGB", (30, 60), (10, 200, 30)).save(tmp_path / "beach.png")
    view = open_view("replace", Options(background=tmp_path / "beach.png"))
    for size in ((40, 30), (30, 40)):
        rgb = np.zeros((*size, 3), np.uint8)
        assert view(shot(rgb, None, "person")).shape == rgb.shape


def test_silhouettes_are_of_two_colours():
    view = seen("silhouette", shot(frame(), portrait(), "background"), hide="background")
    assert (view[WELL_INSIDE] == silhouette.SHAPE).all() and (view[FAR] == silhouette.GROUND).all()


def test_the_mask_is_grey_and_lies_over_the_frame():
    view = seen("mask", shot(frame(), portrait(), "person"))
    assert view.shape == PERSON.shape and ((view > 127) == PERSON).mean() > 0.98
    assert seen("mask", shot(frame(), None, "person")).max() == 0
