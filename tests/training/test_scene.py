"""Scenes from a folder of sounds to a run, on from where it was killed, to a bundle and its measure."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch

from training.data.audio import DataError
from training.keyword import Folders, load_trained
from training.losses.keyword import KeywordLoss
from training.recipe import Fit, RecipeError, load
from training.scene import gather, train

SMALL = [
    "labels=[]", "model.channels=4", "window_frames=32", "frontend.bands=32", "batch=8", "draws=2", "epochs=3",
    "roll_frames=4", "data.test_fold=4",
]  # fmt: skip


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Two classes of one second: a low hum and a hiss, four folds."""
    folder = tmp_path_factory.mktemp("esc")
    rng = np.random.default_rng(0)
    for fold in (1, 2, 3, 4):
        for take in "ABC":
            t = np.arange(16_000) / 16_000
            hum = 0.2 * np.sin(2 * np.pi * (120 + 10 * fold) * t) + 0.01 * rng.normal(size=16_000)
            for label, x in (("001 - Hum", hum), ("002 - Hiss", 0.1 * rng.normal(size=16_000))):
                (folder / label).mkdir(exist_ok=True)
                soundfile.write(folder / label / f"{fold}-{fold}{take == 'C'}1{label[2]}-{take}.wav".replace(
                    "True", "7").replace("False", "8"), x, 16_000)  # fmt: skip
    return folder


def test_labels_left_open_are_the_folders(sounds, tmp_path):
    data = gather(load("sounds10", SMALL), Folders(sounds, tmp_path))
    assert data.labels == ["hiss", "hum"]
    assert (len(data.train), len(data.watch)) == (18, 6)
    with pytest.raises(DataError, match="class 'hiss' is none of the recipe's labels"):
        gather(load("sounds10"), Folders(sounds, tmp_path))
    with pytest.raises(DataError, match="no clip of 'rain' to learn from"):
        gather(load("sounds10", [*SMALL, 'labels=["hiss", "hum", "rain"]']), Folders(sounds, tmp_path))


def test_sound_beside_the_classes_has_no_label(sounds, tmp_path):
    speech = tmp_path / "librispeech_subset"
    speech.mkdir()
    for i in range(30):
        soundfile.write(speech / f"{100 + i}-1-0000.wav", np.zeros(16_000), 16_000)
    data = gather(load("sounds10", SMALL), Folders(sounds, tmp_path))
    numbers = data.numbers(data.train)
    assert (numbers == -1).sum() == len(data.train) - 18 > 10
    assert (numbers == -1).sum() < 30, "some of its speakers are kept for the measure"
    assert [s.folder for s in data.sources] == ["librispeech_subset"]
    assert all(c.label for c in data.watch)


def test_a_network_is_to_be_unsure_of_what_has_no_label():
    loss = KeywordLoss(Fit(label_smoothing=0.0, mixup=0.0), [], torch.full((4,), 0.25))

    def ask(logits, label):
        x, labels, words = torch.zeros(1, 1, 2, 2), torch.tensor([label]), torch.tensor([-1])
        return float(loss(lambda _: (logits, None), x, labels, words, torch.Generator()))

    sure, unsure = torch.tensor([[5.0, 0.0, 0.0, 0.0]]), torch.zeros(1, 4)
    assert ask(unsure, -1) == pytest.approx(np.log(4))
    assert ask(unsure, -1) < ask(sure, -1)
    assert ask(sure, 0) < ask(unsure, 0)


class Killed(Exception):
    pass


def test_a_killed_run_ends_with_the_same_weights(sounds, tmp_path):
    recipe = load("sounds10", [*SMALL, "sparsity=0.5"])

    def die(epoch, epochs, figures):
        if epoch == 2:
            raise Killed

    folders, cache = Folders(sounds, tmp_path), tmp_path / "cache"
    whole = train(recipe, folders, tmp_path / "a", cache).parent
    with pytest.raises(Killed):
        train(recipe, folders, tmp_path / "b", cache, report=die)
    resumed = train(recipe, folders, tmp_path / "b", cache).parent
    a, b = (load_trained(x).net.state_dict() for x in (whole, resumed))
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_a_run_does_not_go_on_with_other_recordings(sounds, tmp_path):
    def die(epoch, epochs, figures):
        raise Killed

    recipe, cache = load("sounds10", SMALL), tmp_path / "cache"
    with pytest.raises(Killed):
        train(recipe, Folders(sounds, tmp_path), tmp_path / "run", cache, report=die)
    more = tmp_path / "more"
    shutil.copytree(sounds, more)
    shutil.copy(more / "001 - Hum" / "1-1811-A.wav", more / "001 - Hum" / "1-999-A.wav")
    with pytest.raises(RecipeError, match="holds a run on other data"):
        train(recipe, Folders(more, tmp_path), tmp_path / "run", cache)
    assert train(recipe, Folders(sounds, tmp_path), tmp_path / "run", cache).is_file()


def test_a_class_of_the_unknown_is_no_state(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("hum", "unknown"):
        (tmp_path / "rooms" / label).mkdir(parents=True)
        for i in range(12):
            soundfile.write(tmp_path / "rooms" / label / f"{i}.wav", rng.normal(0, 0.1, 16_000), 16_000)
    recipe = load("sounds10", [*SMALL[:-1], "epochs=1"])
    run = train(recipe, Folders(tmp_path / "rooms", tmp_path), tmp_path / "run", tmp_path / "cache").parent
    state = load_trained(run).state
    assert (state["labels"], state["targets"]) == (["hum", "unknown"], ["hum"])


def test_from_sounds_to_a_bundle_and_its_measure(sounds, tmp_path, nuthatch):
    pytest.importorskip("ai_edge_litert")
    options = [x for s in [*SMALL, "epochs=8", "rate=0.01", "ema=0.5"] for x in ("--set", s)]
    run, bundle = tmp_path / "run", tmp_path / "hums"
    code, _, err = nuthatch(
        "train", "sounds10", "--data", sounds, "--out", run, "--cache", tmp_path / "cache", *options
    )  # fmt: skip
    assert code == 0, err
    assert nuthatch("convert", run, "--out", bundle)[0] == 0
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["task"] == "scene"
    assert manifest["stream"] is None
    code, out, err = nuthatch("evaluate", bundle, "--data", sounds, "--split", "test", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["clips"] == 6
    low, high = result["interval"]
    assert 0 <= low <= result["accuracy"] <= high <= 1
    assert result["learnt_from"] == {"clips": 0, "sources": 0}
    code, _, err = nuthatch("evaluate", bundle, "--data", sounds, "--split", "validation")
    assert code == 1 and "no clip is in its calibration part" in err
    assert manifest["scene"]["hop_frames"] == 40  # the recipe's


def test_a_bundle_says_what_it_is_asked_about_that_it_learnt_from(sounds, tmp_path, nuthatch):
    pytest.importorskip("ai_edge_litert")
    options = [x for s in [*SMALL, "epochs=1", "scene.enter=0.9"] for x in ("--set", s)]
    run, bundle = tmp_path / "run", tmp_path / "hums"
    trained = nuthatch("train", "sounds10", "--data", sounds, "--out", run, "--cache", tmp_path / "cache", *options)
    assert trained[0] == 0 and nuthatch("convert", run, "--out", bundle)[0] == 0
    assert json.loads((bundle / "manifest.json").read_text())["scene"]["enter"] == 0.9
    mixed = tmp_path / "mixed"
    shutil.copytree(sounds, mixed)
    (mixed / "003 - Bells").mkdir()
    soundfile.write(mixed / "003 - Bells" / "4-1-A.wav", np.zeros(100), 16_000)
    (mixed / "001 - Hum" / "broken.wav").write_bytes(b"RIFF")
    code, out, err = nuthatch("evaluate", bundle, "--data", mixed, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["clips"] == 24
    assert result["foreign"]["bells"]["clips"] == 1
    assert {k: v["clips"] for k, v in result["files"].items()} == {"short": 1, "silent": 1, "unreadable": 1}
    assert result["learnt_from"] == {"clips": 18, "sources": 12}
    assert "18 of the 24 clips are of 12 recordings that this model learnt from" in err
    assert "class 'bells' is no label of this model: 1 clips left out" in err
    for file in (mixed / "001 - Hum").iterdir():
        file.rename(file.with_name(f"take {file.stem}.wav"))  # a name that tells no source
    code, out, err = nuthatch("evaluate", bundle, "--data", mixed, "--write")
    assert code == 0 and "24 clips, 20 speakers or sources" in out
    entry = json.loads((bundle / "manifest.json").read_text())["evidence"][-1]
    assert (entry["clips"], entry["sources"]) == (24, 20)
    only = tmp_path / "only"
    shutil.copytree(mixed / "003 - Bells", only / "bells")
    shutil.copytree(mixed / "003 - Bells", only / "gongs")
    code, _, err = nuthatch("evaluate", bundle, "--data", only)
    assert code == 1 and "no class of it is a label of this model" in err
