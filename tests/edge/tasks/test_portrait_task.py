"""Frames to masks, presence and events, with a network that takes red for people."""

import numpy as np
import pytest
import tiny_picture
from PIL import Image
from tiny_picture import scene

from edge.manifest import BundleError, open_bundle
from edge.sink.console import people
from edge.source.frame import Frame
from edge.tasks.portrait import PortraitTask, at_size, pixels


@pytest.fixture(scope="module")
def bundle(red_path):
    return open_bundle(red_path)


def looked_at(task, scenes, rate_hz=10):
    return [task.look(Frame(rgb, i / rate_hz, i)) for i, rgb in enumerate(scenes)]


@pytest.mark.parametrize("size", [(96, 72), (72, 96), (640, 480), (64, 64), (40, 301)])
def test_the_mask_lies_over_the_frame(bundle, size):
    rgb = scene(0.3, *size, side=0.5 if size[0] > 50 else 0.1)
    found = PortraitTask(bundle).look(Frame(rgb, 0.0, 0))
    mask = at_size(found.mask, size)
    person = rgb[..., 0] > 200
    assert mask.shape == person.shape
    either = (mask > 127) | person
    assert ((mask > 127) & person).sum() >= 0.8 * either.sum()
    assert found.share == pytest.approx(person.mean(), rel=0.15)


def test_a_frame_of_the_networks_size_goes_in_as_it_is():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    np.testing.assert_array_equal(pixels(rgb, (64, 64)), rgb.astype(int) - 128)


def test_a_larger_frame_is_squeezed_as_in_training():
    rgb = np.random.default_rng(1).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    plain = np.asarray(Image.fromarray(rgb).resize((64, 64), Image.Resampling.BILINEAR)).astype(int) - 128
    np.testing.assert_array_equal(pixels(rgb, (64, 64)), plain)


def test_events_tell_of_changes_only(bundle):
    shares = []
    task = PortraitTask(bundle, report=shares.append)
    nobody = scene(side=0)
    found = looked_at(task, [nobody] * 3 + [scene()] * 10 + [nobody] * 10)
    events = [e for portrait in found for e in portrait.events]
    assert [(e.time_s, e.label) for e in events] == [(0.3, "person"), (1.7, "nobody")]
    assert events[0].score == pytest.approx(0.4**2 * 72 / 96, rel=0.15) and events[0].model == "red"
    assert [round(e.score, 2) for e in shares][4] == round(events[0].score, 2) and len(shares) == 23


def test_pictures_apart_are_told_each(bundle):
    task = PortraitTask(bundle, apart=True)
    frames = [Frame(scene(side=s), 0.0, i, f"{i}.jpg") for i, s in enumerate((0.4, 0.4, 0, 0.4))]
    events = [e for f in frames for e in task.look(f).events]
    assert [(e.label, e.picture) for e in events] == [
        ("person", "0.jpg"),
        ("person", "1.jpg"),
        ("nobody", "2.jpg"),
        ("person", "3.jpg"),
    ]


def test_a_name_that_is_no_text_can_be_told(bundle):
    event = PortraitTask(bundle, apart=True).look(Frame(scene(), 0.0, 0, "人\udcff\n.jpg")).events[0]
    assert event.picture == "人\ufffd\n.jpg"
    assert event.to_json().encode() and people(event).endswith("人\ufffd\\n.jpg")


def test_certain_empty_and_neither(bundle):
    task = PortraitTask(bundle, apart=True)
    half_red = np.full((72, 96, 3), (170, 105, 105), np.uint8)
    shown, nobody, unsure = (task.look(Frame(rgb, 0.0, 0)) for rgb in (scene(), scene(side=0), half_red))
    assert (shown.certain, shown.empty) == (True, False)
    assert (nobody.certain, nobody.empty) == (False, True)
    assert (unsure.certain, unsure.empty) == (False, False)


def test_a_person_lost_for_a_picture_is_present_but_not_certain(bundle):
    found = looked_at(PortraitTask(bundle), [scene()] * 3 + [scene(side=0)] * 2)
    assert [p.present for p in found] == [True] * 5
    assert [p.certain for p in found] == [True] * 3 + [False] * 2


def test_a_moving_person_has_no_ghost(bundle):
    found = looked_at(PortraitTask(bundle), [scene(x) for x in np.linspace(0.2, 0.8, 8)])
    alone = PortraitTask(bundle).look(Frame(scene(0.8), 0.0, 0))
    assert np.mean((found[-1].mask > 127) != (alone.mask > 127)) < 0.005


def test_reset_forgets(bundle):
    task = PortraitTask(bundle)
    looked_at(task, [scene()] * 3)
    task.reset()
    assert not task.look(Frame(scene(side=0), 0.3, 3)).present


def test_models_for_sound_and_of_another_size(bundle_path, tmp_path):
    with pytest.raises(BundleError, match="a model for sound"):
        PortraitTask(open_bundle(bundle_path))
    folder = tiny_picture.red_bundle(tmp_path / "odd", 32, 48)
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"height": 32', '"height": 33'))
    with pytest.raises(BundleError, match="takes 32 x 48 pixels, its manifest says 33 x 48"):
        PortraitTask(open_bundle(folder))
