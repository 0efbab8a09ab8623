"""A recipe's folds: pooled accuracy and thresholds, and what of them reaches the network that ships."""

import json

import pytest
import soundfile

from converters.bundle import make_bundle
from edge.manifest import open_bundle
from training.bench import folds
from training.cli.bench import _folds
from training.data.audio import DataError
from training.data.speech_commands import SpeechCommands
from training.keyword import Folders, train
from training.recipe import load

SETS = [
    'labels=["_silence_", "_unknown_", "no", "up", "yes"]', "model.blocks=[[12, 3, 1, 2], [12, 3, 2, 1]]",
    "model.stem=8", "model.head=16", "batch=32", "draws=1", "epochs=3",
]  # fmt: skip


def salts(folder, count):
    """Splits of the folder whose test part has speakers, and that leave some to learn from."""
    found = []
    for salt in map(str, range(50)):
        split = SpeechCommands(folder, ("no", "up", "yes")).split(salt)
        if split["test"] and split["train"] and len({c.speaker for c in split["test"]}) < 5:
            found.append(salt)
    return found[:count]


@pytest.fixture(scope="module")
def runs(commands_folder, tmp_path_factory):
    """Two folds and a network that heard everybody."""
    root = tmp_path_factory.mktemp("folds")
    data = root / "commands"
    data.symlink_to(commands_folder)
    (root / "librispeech_subset").mkdir()
    for i, wav in enumerate(sorted((commands_folder / "_unknown_").iterdir())):
        samples, rate_hz = soundfile.read(wav)
        soundfile.write(root / "librispeech_subset" / f"{100 + i}-1-0000.wav", samples, rate_hz)
    everybody = 'parts=["train", "calibration", "test"]'
    some = 'parts=["train", "calibration"]'
    options = [[some, f'salt="{s}"', f"seed={i}"] for i, s in enumerate(salts(data, 2))] + [[everybody]]
    out = []
    for i, extra in enumerate(options):
        folder = root / f"run{i}"
        train(load("commands12", SETS + extra), Folders(data, root), folder, root / "cache")
        make_bundle(folder, folder / "bundle", name="tiny")
        out.append(folder)
    return data, out


def test_folds_are_pooled_and_written(runs, tmp_path):
    data, (one, two, everybody) = runs
    bundle = open_bundle(everybody / "bundle")
    result, text = _folds(bundle, [one, two], data, 1e6, True, tmp_path)
    pool = result["pooled"]
    low, high = pool["interval"]
    assert pool["networks"] == 2
    assert pool["clips"] == sum(f["clips"] for f in result["folds"])
    assert 0 <= low <= pool["accuracy"] <= high <= 1
    assert abs(pool["accuracy"] - pool["float_accuracy"]) < 0.1
    assert (tmp_path / "tiny.md").read_text() == text
    manifest = open_bundle(everybody / "bundle").manifest
    assert manifest.evidence[-1]["value"] == pool["accuracy"]
    assert "this one heard them all" in json.dumps(manifest.evidence)
    assert set(manifest.operating_points[0].thresholds) == {"no", "up", "yes"}


def test_a_network_that_heard_everybody_is_no_fold(runs):
    data, (*_, everybody) = runs
    with pytest.raises(DataError, match="learnt from the test part"):
        folds.open_fold(everybody, data)


def test_a_run_without_a_bundle_says_how_to_make_one(tmp_path, runs):
    with pytest.raises(DataError, match="nuthatch convert"):
        folds.open_fold(tmp_path, runs[0])
