"""From a recipe and a folder of labelled sounds to the examples of a scene network, and to a trained run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.scenes import reader
from training.keyword import Folders, KeywordData, learn
from training.recipe import Recipe


def gather(recipe: Recipe, folders: Folders, say: Callable[[str], None] = lambda line: None) -> KeywordData:
    """List the clips; labels that the recipe leaves open are the folder's, sorted. Raises DataError."""
    split = reader(folders.data, recipe.data.test_fold).split(recipe.data.salt)
    recipe = dataclasses.replace(recipe, labels=recipe.labels or _labels(split))
    _require(folders.data, recipe, split)
    parts = set(recipe.data.parts)
    train = [c for part, clips in split.items() if part in parts for c in clips]
    watch = [c for part, clips in split.items() if part not in parts for c in clips]
    noises = [f for _, p in folders.find(recipe.data.noise, say) for f in audio_files(p)]
    responses = [f for _, p in folders.find(recipe.data.responses, say) for f in audio_files(p)]
    train.sort(key=lambda c: str(c.path))
    return KeywordData(recipe, train, watch, noises, responses, [], folders.data.resolve().name)


def _labels(split: dict[str, list[Clip]]) -> tuple[str, ...]:
    return tuple(sorted({c.label for clips in split.values() for c in clips}))


def _require(folder: Path, recipe: Recipe, split: dict[str, list[Clip]]) -> None:
    """Every label has a clip to learn from, and every clip a label."""
    found = set(_labels(split))
    if foreign := sorted(found - set(recipe.labels)):
        raise DataError(f"{folder}: class {foreign[0]!r} is none of the recipe's labels; set labels")
    learnt = {c.label for part in recipe.data.parts for c in split[part]}
    if missing := [x for x in recipe.labels if x not in learnt]:
        raise DataError(f"{folder}: no clip of {missing[0]!r} to learn from; add a folder of it or set labels")


def train(
    recipe: Recipe,
    folders: Folders,
    out: Path,
    cache: Path,
    say: Callable[[str], None] = lambda line: None,
    report: Callable[[int, int, dict[str, float]], None] = lambda epoch, epochs, figures: None,
) -> Path:
    """Train into the folder `out`; returns the path of `model.pt`. Continues where `last.pt` stands."""
    return learn(gather(recipe, folders, say), out, cache, say, report)
