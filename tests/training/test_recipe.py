"""Recipes: the bundled ones load, overrides reach the right key, and mistakes are named."""

import re

import pytest

from training.data.audio import SUFFIXES
from training.models import build
from training.recipe import RECIPES, RecipeError, load


@pytest.mark.parametrize("name", sorted(p.stem for p in RECIPES.glob("*.toml")))
def test_bundled_recipes_build_their_network(name):
    recipe = load(name)
    assert recipe.name == name
    pictures = recipe.task == "portrait"
    size = (recipe.height, recipe.width) if pictures else (recipe.frontend.bands, recipe.window_frames)
    build(recipe.model, 2 if pictures else 12, *size)
    for source in recipe.data.beside:
        assert source.licence, f"{source.folder} has no licence"
        assert not source.folder.endswith(SUFFIXES)


def test_overrides():
    recipe = load("wake", ["epochs=1", "word=jarvis", "data.weight=2", "model.stem=8", "snr_db=[1, 2]"])
    assert (recipe.fit.epochs, recipe.word, recipe.data.weight) == (1, "jarvis", 2.0)
    assert (recipe.model["stem"], recipe.augment.snr_db) == (8, (1.0, 2.0))


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("epochs", "expected key=value"),
        ("epoch=1", "no such key"),
        ("fit.epoch=1", "no such key; there are: epochs"),
        ("epochs=many", "where a int is expected"),
        ("snr_db=[1]", "1 values where 2"),
        ("snr_db=[9, 1]", "the end of augment.snr_db is 1.0; it must be at least 9"),
        ("sparsity=1.5", "fit: sparsity is 1.5; it must be between 0 and 0.99"),
        ("halve_at=[0.5, 2]", "fit: halve_at is 2.0; it must be between 0 and 1"),
        ("roll_frames=-1", "fit: roll_frames is -1; it must be at least 0"),
        ('data.noise=[{folder="x", weight=-1}]', "data.noise.[0]: weight is -1.0; it must be at least 0"),
        ('data.parts=["training"]', "data: parts has 'training'; there are train, calibration, test"),
        ("seed=-1", "recipe: seed is -1; it must be at least 0"),
        ("scene.hop=3", "scene.hop: no such key; there are: hop_frames"),
        ("scene.enter=0.3", "scene.leave 0.4 and enter 0.3"),
        ('scene.enter="sure"', "scene.enter: 'sure' where a float is expected"),
    ],
)
def test_mistakes_are_named(override, words):
    with pytest.raises(RecipeError, match=re.escape(words)):
        load("wake", [override])


def test_a_missing_recipe_names_those_there_are(tmp_path):
    with pytest.raises(RecipeError, match="commands12, .*wake"):
        load("nothing")
    (tmp_path / "x.toml").write_text("name = ")
    with pytest.raises(RecipeError, match="not TOML"):
        load(str(tmp_path / "x.toml"))
