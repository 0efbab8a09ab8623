"""Portraits trained: from a folder to a run, in two stages, interrupted or not."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from training.data.audio import DataError
from training.data.drawn_portraits import backdrop, write_drawn
from training.fit import write_atomically
from training.keyword import Folders
from training.models import build
from training.models.sinet import network_input
from training.picture_classes import ClassExamples, learn_classes
from training.picture_classes import gather as gather_classes
from training.portrait import PortraitExamples, Trainee, gather, predict, train
from training.portrait_recipe import Recipe
from training.recipe import RecipeError, load

SMALL = [
    "model.width=0.34", "height=64", "width=64", "repeats=2", "classes.epochs=2", "encoder.epochs=2", "fit.epochs=2",
    "classes.batch=8", "encoder.batch=8", "fit.batch=8", "workers=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    top = tmp_path_factory.mktemp("portraits")
    write_drawn(str(top / "people"), 12, 80)
    for part in ("plain", "Faces"):
        (top / "det_raccoon" / part).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(backdrop(np.random.default_rng(i), 90)).save(top / "det_raccoon" / part / f"{i}.jpg")
    (top / "det_raccoon" / "plain" / "broken.jpg").write_bytes(b"\xff\xd8")
    for domain in ("photo", "painting"):
        for i, name in enumerate(("ball", "Wind mill")):
            (top / "pacs72" / domain / name).mkdir(parents=True)
            for k in range(4):
                rgb = backdrop(np.random.default_rng((i, k)), 72)
                Image.fromarray(rgb).save(top / "pacs72" / domain / name / f"{k}.jpg")
    return top / "people"


@pytest.fixture
def recipe():
    return load("portrait", SMALL)


def folders(pictures, recipe):
    return Folders.around(pictures, recipe)


def test_the_recipe_is_of_its_own_kind():
    found = load("portrait", ["composed=0.3", "fit.epochs=7"])
    assert isinstance(found, Recipe) and found.data.composed == 0.3 and found.fit.epochs == 7
    with pytest.raises(RecipeError, match="epochs: no such key; write table.key"):
        load("portrait", ["epochs=7"])


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("fit.batch=0", "fit: batch is 0; it must be at least 1"),
        ("encoder.epochs=-1", "encoder: epochs is -1; it must be at least 0"),
        ("fit.rate=nan", "fit: rate is nan; it must be between 0 and 10"),
        ("repeats=0", "recipe: repeats is 0.0; it must be at least 0.01"),
        ("composed=7", "data.composed is 7.0; it must be between 0 and 1"),
        ("compose.share=[0.0, 0.5]", "compose.share is 0.0; it must be between 0.001 and 1"),
        ("compose.share=[0.9, 0.5]", "compose.share's end is 0.5; it must be at least 0.9"),
        ("compose.people=[]", "the sum of compose.people is 0; it must be at least 0.01"),
        ("boundary_weight=-1", "boundary_weight is -1.0; it must be at least 0"),
    ],
)
def test_numbers_that_no_training_can_use_are_one_line(override, words):
    with pytest.raises(RecipeError) as e:
        load("portrait", [override])
    assert words in str(e.value) and "\n" not in str(e.value)


def test_folders_are_gathered_and_what_is_missing_is_said(pictures, recipe):
    said = []
    data = gather(recipe, folders(pictures, recipe), said.append)
    assert len(data.train) + len(data.watch) == 12 and len(data.people) == len(data.train)
    assert len(data.backgrounds) == 6
    assert any("caltech101_128: not in" in line for line in said)
    assert any("1 pictures cannot be read" in line for line in said)


def test_backgrounds_that_show_people_are_left_out(pictures):
    table = '[{ folder = "det_raccoon", without = ["Faces"] }]'
    recipe = load("portrait", [*SMALL, f"data.backgrounds={table}"])
    assert len(gather(recipe, folders(pictures, recipe)).backgrounds) == 3


def test_examples_depend_on_their_place_and_epoch_only(pictures, recipe):
    examples = PortraitExamples(gather(recipe, folders(pictures, recipe)), 2)
    rows = np.array([[0, 0], [3, 1], [0, 0]])
    x, masks, _ = examples.batch(None, rows, 4)
    assert x.shape == (3, 3, 64, 64) and masks.shape == (3, 64, 64) and set(masks.unique().tolist()) <= {0, 1}
    assert torch.equal(x[0], x[2]) and not torch.equal(x[0], x[1])
    assert not torch.equal(examples.batch(None, rows, 5)[0], x)
    assert float(examples.shares().sum()) == pytest.approx(1)


def test_classes_of_one_name_are_one_and_rare_ones_come_more_often(pictures, recipe):
    (pictures.parent / "pacs72" / "photo" / "ball" / "4.jpg").write_bytes(b"\xff\xd8")
    said = []
    found = folders(pictures, recipe).find(recipe.data.classes, said.append)
    examples = gather_classes(found, 0, 1, said.append)
    assert examples.names == ["ball", "wind_mill"] and np.bincount(examples.labels).tolist() == [8, 8]
    assert any("classes: 1 pictures cannot be read" in line for line in said)
    uneven = ClassExamples(examples.pictures[:10], np.array([0] * 8 + [1] * 2), examples.names)
    assert uneven.weights.sum() == pytest.approx(10) and uneven.weights[9] == pytest.approx(2 * uneven.weights[0])
    x, labels, words = examples.batch(None, np.array([[0, 0], [15, 0], [0, 0]]), 3)
    assert (
        x.shape == (3, 3, 96, 96)
        and labels.tolist() == examples.labels[[0, 15, 0]].tolist()
        and set(words.tolist()) == {-1}
    )
    assert torch.equal(x[0], x[2])


def test_without_class_folders_the_first_weights_stay(recipe, tmp_path):
    encoder = build(recipe.model, 2, 64, 64).encoder
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    said = []
    assert learn_classes(encoder, recipe, Folders(tmp_path, tmp_path), tmp_path / "c.pt", said.append, print) == []
    assert all(torch.equal(before[k], v) for k, v in encoder.state_dict().items())
    assert any("pacs72: not in" in line for line in said)


def test_each_stage_has_its_output(recipe):
    net = build(recipe.model, 2, 64, 64)
    x = network_input(np.zeros((1, 64, 64, 3), np.uint8))
    assert float(x.min()) == float(x.max()) == -2.0
    assert Trainee(net.encoder)(x).shape == (1, 2, 8, 8) and Trainee(net)(x).shape == (1, 2, 64, 64)


def test_a_run_goes_on_where_it_was_killed(pictures, recipe, tmp_path):
    torch.set_num_threads(1)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    heard = []
    file = train(recipe, folders(pictures, recipe), whole, tmp_path, report=lambda *a: heard.append(a))
    assert [a[0] for a in heard] == [1, 2, 1, 2, 1, 2]

    class KilledError(Exception):
        pass

    for stop in (1, 2, 2):  # within each of the three stages

        def killed(epoch, epochs, figures, left=[stop]):  # noqa: B006
            left[0] -= 1
            if left[0] < 0:
                raise KilledError

        with pytest.raises(KilledError):
            train(recipe, folders(pictures, recipe), parted, tmp_path, report=killed)
    train(recipe, folders(pictures, recipe), parted, tmp_path)
    wanted, found = (torch.load(f / "model.pt", weights_only=True)["state_dict"] for f in (whole, parted))
    assert all(torch.equal(wanted[k], found[k]) for k in wanted)
    state = torch.load(file, weights_only=True)
    assert state["task"] == "portrait" and state["labels"] == ["background", "person"]
    assert np.load(whole / "calibration.npy").shape == (128, 64, 64, 3)
    with pytest.raises(RecipeError, match="another recipe"):
        train(load("portrait", [*SMALL, "seed=1"]), folders(pictures, recipe), whole, tmp_path)


def test_a_run_does_not_go_on_with_other_pictures(pictures, tmp_path):
    recipe = load("portrait", [*SMALL, "classes.epochs=0", "encoder.epochs=0", "fit.epochs=1"])
    write_drawn(str(tmp_path / "others"), 12, 80, seed=1)
    train(recipe, Folders(pictures, tmp_path), tmp_path / "run", tmp_path)
    train(recipe, Folders(pictures, tmp_path), tmp_path / "run", tmp_path)
    with pytest.raises(RecipeError, match="run: holds a run on other data; give another --out"):
        train(recipe, Folders(tmp_path / "others", tmp_path), tmp_path / "run", tmp_path)


def test_a_checkpoint_of_another_network_or_a_broken_one_is_one_line(pictures, tmp_path):
    recipe = load("portrait", [*SMALL, "classes.epochs=0", "encoder.epochs=1", "fit.epochs=1"])
    train(recipe, Folders(pictures, tmp_path), tmp_path / "run", tmp_path)
    last = tmp_path / "run" / "last.pt"
    whole = last.read_bytes()
    for content in (whole[:2_000], b"", (tmp_path / "run" / "encoder.pt").read_bytes()):
        last.write_bytes(content)
        with pytest.raises(DataError, match=r"last.pt: not a checkpoint of this run \(\w+\); remove it") as e:
            train(recipe, Folders(pictures, tmp_path), tmp_path / "run", tmp_path)
        assert "\n" not in str(e.value)


def test_a_checkpoint_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "last.pt").mkdir()
    (tmp_path / "last.pt" / "inside").touch()
    with pytest.raises(DataError, match=r"last.pt: .*; mend that and give the command again"):
        write_atomically({"epoch": 1}, tmp_path / "last.pt")


def test_probabilities_come_picture_by_picture(recipe):
    net = build(recipe.model, 2, 64, 64)
    rgb = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), np.uint8)
    found = predict(net, rgb)
    assert found.shape == (3, 64, 64) and np.allclose(found[:1], predict(net, rgb[:1]), atol=1e-6)


def test_a_folder_of_another_part_only_is_refused(pictures, tmp_path):
    recipe = load("portrait", [*SMALL, 'data.parts=["test"]', 'data.salt="none of these"'])
    shutil.copytree(pictures, tmp_path / "few")
    for file in sorted((tmp_path / "few" / "img").iterdir())[1:]:
        file.unlink()
    with pytest.raises(DataError, match="none of its pictures is in the part test"):
        gather(recipe, Folders(tmp_path / "few", tmp_path))


def test_further_folders_are_learnt_from_and_never_watched(pictures, recipe, tmp_path):
    import dataclasses

    from training.portrait_recipe import More

    write_drawn(str(tmp_path / "more"), 5, 64, seed=7)
    more = dataclasses.replace(recipe.data, more=(More("more", repeats=0.5), More("missing")))
    said = []
    found = gather(dataclasses.replace(recipe, data=more), Folders(pictures, tmp_path), said.append)
    alone = gather(recipe, Folders(pictures, tmp_path))
    assert len(found.train) == len(alone.train) + 5 and len(found.watch) == len(alone.watch)
    assert found.sources == alone.sources and len(alone.sources) == len(alone.train)
    assert list(PortraitExamples(found).weights) == [2.0] * len(alone.train) + [0.5] * 5
    assert any("missing: not in" in line for line in said) and found.used[0].folder == "more"


def test_a_run_may_start_from_anothers_weights(pictures, tmp_path):
    first = load("portrait", [*SMALL, "encoder.epochs=1", "fit.epochs=0"])
    train(first, Folders(pictures, tmp_path), tmp_path / "first", tmp_path)
    again = load("portrait", [*SMALL, "encoder.epochs=0", "fit.epochs=0", "seed=5", f"fit.start={tmp_path / 'first'}"])
    train(again, Folders(pictures, tmp_path), tmp_path / "again", tmp_path)
    a, b = (torch.load(tmp_path / n / "model.pt", weights_only=True)["state_dict"] for n in ("first", "again"))
    assert all(torch.equal(a[k], b[k]) for k in a)
    with pytest.raises(DataError, match="no finished run"):
        train(load("portrait", [*SMALL, "fit.start=nowhere"]), Folders(pictures, tmp_path), tmp_path / "x", tmp_path)
