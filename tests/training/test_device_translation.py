"""Translation between devices: it learns what they change, and a scene network is trained through it."""

import numpy as np
import pytest
import soundfile
import torch

from training.augment.device_translation import Pairs, Translated, Translator, options, translate
from training.data.audio import DataError
from training.fit import fit
from training.keyword import Folders, load_trained
from training.recipe import RecipeError, load
from training.scene import train

SMALL = [
    "labels=[]", "model.channels=4", "window_frames=32", "frontend.bands=32", "batch=4", "draws=1", "epochs=1",
    "roll_frames=4", "data.translate=0.5",
]  # fmt: skip


@pytest.fixture(scope="module")
def lesson():
    """48 moments through device a and two others, which tilt the spectrum either way."""
    rng = np.random.default_rng(0)
    a = np.clip(rng.normal(0, 20, (48, 16, 16)).cumsum(1) / 3, -90, 90)
    tilt = np.linspace(-24, 24, 16)
    features = np.concatenate([a, a + tilt, a - tilt]).round().astype(np.int8)
    rows = np.arange(48)
    return Pairs(features, np.r_[rows, rows], np.r_[rows + 48, rows + 96], np.repeat([0, 1], 48), 1 / 32)


@pytest.fixture(scope="module")
def translator(lesson):
    torch.manual_seed(0)
    return fit(Translator(2), lesson, options(epochs=25), 0)


def test_it_learns_what_each_device_changes(lesson, translator):
    found = translate(translator, lesson.features[lesson.source], lesson.device, 1 / 32)
    wanted = lesson.features[lesson.target].astype(float)
    untouched = np.abs(lesson.features[lesson.source] - wanted).mean()
    assert np.abs(found - wanted).mean() < 0.4 * untouched
    assert found.dtype == np.int8


def test_draws_translate_a_share_of_one_devices_clips(lesson, translator):
    may = np.arange(144) < 48
    draws = Translated(lambda k: lesson.features, translator, 2, may, 0.5, 7, 1 / 32)
    changed = (draws(3) != lesson.features).any((1, 2))
    assert not changed[~may].any()
    assert 10 < changed.sum() < 38
    np.testing.assert_array_equal(draws(3), draws(3))
    assert (draws(4) != draws(3)).any()
    assert draws(None) is lesson.features


@pytest.fixture
def tau(tmp_path):
    rng = np.random.default_rng(0)
    folder, rows = tmp_path / "tau", []
    (folder / "audio").mkdir(parents=True)
    for scene, pitch in (("bus", 0.03), ("park", 0.2)):
        for segment in range(4):
            x = 0.1 * np.sin(np.arange(16_000) * pitch) + 0.02 * rng.normal(size=16_000)
            for device, level in (("a", 1.0), ("b", 0.5), ("s1", 0.2)):
                name = f"audio/{scene}-lisbon-1000-{segment}-{device}.wav"
                soundfile.write(folder / name, x * level, 16_000)
                rows.append((name, scene, "lisbon-1000", device))
    (folder / "evaluation_setup").mkdir()
    tables = {"meta.csv": rows, "evaluation_setup/fold1_train.csv": [r for r in rows if "-3-" not in r[0]]}
    tables["evaluation_setup/fold1_evaluate.csv"] = [r for r in rows if "-3-" in r[0]]
    for name, kept in tables.items():
        lines = [("filename", "scene_label", "identifier", "source_label"), *kept]
        (folder / name).write_text("\n".join("\t".join(r) for r in lines) + "\n")
    return folder


def test_scenes_learn_through_translated_devices(tau, tmp_path, monkeypatch):
    monkeypatch.setattr("training.scene.options", lambda: options(epochs=1))
    said = []
    out = train(load("sounds10", SMALL), Folders(tau, tmp_path), tmp_path / "run", tmp_path / "cache", said.append)
    assert load_trained(out.parent).labels == ["bus", "park"]
    assert (out.parent / "translator.pt").is_file()
    assert "translator: 12 pairs, from a to b, s1" in said


def test_a_translator_is_not_taken_for_other_recordings(tau, tmp_path, monkeypatch):
    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.scene.fit", die)
    arguments = (Folders(tau, tmp_path), tmp_path / "run", tmp_path / "cache")
    with pytest.raises(KeyboardInterrupt):
        train(load("sounds10", SMALL), *arguments)
    lists = tau / "evaluation_setup" / "fold1_train.csv"
    lists.write_text("\n".join(lists.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(RecipeError, match="holds a run on other data"):
        train(load("sounds10", SMALL), *arguments)


def test_what_cannot_be_translated_is_said(tau, tmp_path):
    folders = Folders(tau, tmp_path)
    with pytest.raises(RecipeError, match="use multiples of 4"):
        train(load("sounds10", [*SMALL, "window_frames=33"]), folders, tmp_path / "run", tmp_path / "cache")
    lists = tau / "evaluation_setup" / "fold1_train.csv"
    lists.write_text("\n".join(x for x in lists.read_text().splitlines() if "-b." not in x and "-s1." not in x) + "\n")
    with pytest.raises(DataError, match="no moment was recorded by device a and another one"):
        train(load("sounds10", SMALL), folders, tmp_path / "run", tmp_path / "cache")
