"""Recipes: the bundled ones load, overrides reach the right key, and mistakes are named."""

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
    ],
)
def test_mistakes_are_named(override, words):
    with pytest.raises(RecipeError, match=words.replace("[", r"\[")):
        load("wake", [override])


def test_a_missing_recipe_names_those_there_are(tmp_path):
    with pytest.raises(RecipeError, match="commands12, .*wake"):
        load("nothing")
    (tmp_path / "x.toml").write_text("name = ")
    with pytest.raises(RecipeError, match="not TOML"):
        load(str(tmp_path / "x.toml"))
