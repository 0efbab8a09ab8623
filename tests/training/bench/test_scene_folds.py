"""Scene folds: accuracy on the fold that was kept apart, and a threshold that was not chosen where it is reported."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

from converters.bundle import make_bundle
from edge.manifest import open_bundle
from training.bench import scene_folds
from training.bench.confidence import GRID, Fold, Stream, choose, crosswise, rates, smoothed
from training.bench.other_sound import EMPTY_ROOM, others
from training.cli.bench import _scene_folds
from training.data.audio import DataError
from training.keyword import Folders
from training.recipe import load
from training.scene import train

SETS = [
    "labels=[]", "model.channels=4", "window_frames=32", "frontend.bands=32", "batch=8", "draws=1", "epochs=4",
    "roll_frames=4", "rate=0.01", "ema=0.5", 'data.other=[{folder="librispeech_subset", weight=0.5}]',
]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two folds and a network that learnt from all; speech that training and speech that only the measure hears."""
    root = tmp_path_factory.mktemp("scenes")
    data, rng = root / "esc", np.random.default_rng(0)
    t = np.arange(32_000) / 16_000
    for fold in (1, 2, 3):
        for source in range(3):
            hum = 0.2 * np.sin(2 * np.pi * (110 + 20 * source) * t) + 0.01 * rng.normal(size=len(t))
            for label, sound in (("hum", hum), ("hiss", 0.1 * rng.normal(size=len(t)))):
                (data / label).mkdir(parents=True, exist_ok=True)
                soundfile.write(data / label / f"{fold}-{fold}{source}{len(label)}-A.wav", sound, 16_000)
    for name in ("librispeech_subset", "asterisk_prompts"):
        (root / name).mkdir()
        for i in range(40):
            sound = 0.1 * np.sin(2 * np.pi * 3 * t) * np.sin(2 * np.pi * (200 + 9 * i) * t)
            soundfile.write(root / name / f"{100 + i}-1-0000.wav", sound, 16_000)
    folders = []
    for i, fold in enumerate((1, 2, 0)):
        run = root / f"run{i}"
        recipe = load("sounds10", [*SETS, f"data.test_fold={fold}", f"seed={i}"])
        train(recipe, Folders(data, root), run, root / "cache")
        make_bundle(run, run / "bundle", name="tiny")
        folders.append(run)
    return data, folders


def test_folds_reach_the_manifest_and_the_page(runs, tmp_path):
    data, (one, two, everything) = runs
    bundle = open_bundle(everything / "bundle")
    result, text = _scene_folds(bundle, [one, two], data, True, tmp_path)
    json.dumps(result)
    pool = result["pooled"]
    assert (pool["clips"], pool["sources"], pool["networks"]) == (12, 12, 2)
    assert [f["test_fold"] for f in result["folds"]] == [1, 2]
    low, high = pool["interval"]
    assert 0 <= low <= pool["accuracy"] <= high <= 1
    assert set(result["confidence"]["other"]) == {"librispeech_subset", "asterisk_prompts", EMPTY_ROOM}
    assert (tmp_path / "tiny.md").read_text() == text
    assert "| seed 0, fold 1 | 6 | 6 |" in text
    manifest = open_bundle(everything / "bundle").manifest
    assert manifest.scene.enter == result["confidence"]["enter"] in GRID
    assert manifest.scene.leave < manifest.scene.enter
    assert manifest.scene.hop_frames == bundle.manifest.scene.hop_frames
    assert {e["measure"] for e in manifest.evidence} == {"accuracy", "named"}
    assert manifest.costs[0]["milliseconds"] > 0
    assert manifest.training["clips"] == 18  # the speech is no clip of a label


def test_what_heard_its_test_fold_is_no_fold(runs, tmp_path):
    data, (one, *_, everything) = runs
    wanted = open_bundle(everything / "bundle").manifest
    with pytest.raises(DataError, match="no clip is in its test part"):
        scene_folds.open_run(everything, data, wanted)
    with pytest.raises(DataError, match="nuthatch convert"):
        scene_folds.open_run(tmp_path, data, wanted)
    with pytest.raises(DataError, match="one run is no fold"):
        scene_folds.compare([one], data, wanted)
    with pytest.raises(DataError, match=r"run0: has the test fold of .*run0"):
        scene_folds.compare([one, one], data, wanted)


def test_folds_are_of_the_recipe_and_the_data_of_what_ships(runs, tmp_path):
    _, (one, two, everything) = runs
    wanted = open_bundle(everything / "bundle").manifest
    with pytest.raises(DataError, match="run0: has other labels or another"):
        scene_folds.compare([one, two], tmp_path, dataclasses.replace(wanted, labels=["a", "b"]))
    for label in ("bells", "gongs"):
        (tmp_path / label).mkdir()
        soundfile.write(tmp_path / label / "1-100-A.wav", np.zeros(160), 16_000)
    with pytest.raises(DataError, match="is no label of tiny; give the data it learnt from"):
        scene_folds.compare([one, two], tmp_path, wanted)


def test_other_sound_is_never_what_was_learnt(runs):
    data, _ = runs
    heard = {
        (part, learnt): {o.name: len(o.audio) for o in others(data.parent, part, {learnt})}
        for part in ("calibration", "test") for learnt in ("", "librispeech_subset")
    }  # fmt: skip
    halves = [heard[part, ""]["librispeech_subset"] for part in ("calibration", "test")]
    assert sum(halves) == 40 * 32_000
    kept = [heard[part, "librispeech_subset"].get("librispeech_subset", 0) for part in ("calibration", "test")]
    assert 0 < sum(kept) < 40 * 32_000 * 0.6  # 70 % are training's


def streams(values, wrong=0):
    """A class's windows with these probabilities, the first `wrong` of them taken for another."""
    best = np.array([1] * wrong + [0] * (len(values) - wrong))
    return Stream("rain", best, np.array(values), 0, 1.0)


def speech(values):
    return Stream("speech", np.zeros(len(values), int), np.array(values), None, 1.0, True)


def test_the_lowest_threshold_that_keeps_both_rules():
    sure = streams([0.9] * 20)
    assert choose([sure], [speech([0.2] * 20)]) == GRID[0]
    assert choose([sure], [speech([0.62] * 20)]) == 0.65
    assert choose([streams([0.55] * 5 + [0.9] * 20, wrong=5)], [speech([0.2])]) == 0.6
    assert choose([sure], [speech([0.99] * 20)]) == GRID[-1]
    quiet, loud = speech([0.2] * 1000), dataclasses.replace(speech([0.7, 0.7]), name="prompts")
    assert choose([sure], [quiet, loud]) == 0.75  # two windows of one folder weigh as much as a thousand of another
    assert choose([sure], [quiet, dataclasses.replace(loud, speech=False)]) == GRID[0], "noise is reported only"


def test_thresholds_are_reported_where_they_were_not_chosen():
    easy = Fold([streams([0.9] * 20)], [speech([0.2])], [speech([0.7])])
    hard = Fold([streams([0.9] * 20)], [speech([0.62])], [speech([0.2])])
    found = crosswise([easy, hard, easy])
    assert found.enter == found.crosswise[0] == 0.65
    assert found.crosswise[1] == GRID[0]  # the folds without the hard one know nothing of it
    assert rates(found.others)["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert rates(found.scenes) | {"interval": None} == {"value": 1.0, "interval": None, "windows": 60, "right": 1.0}


def test_smoothing_takes_what_there_is():
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    assert smoothed(rows, 2).tolist() == [[1, 0], [0.5, 0.5], [0, 1], [0.5, 0.5]]
    assert smoothed(rows[:0], 2).shape == (0, 2)
