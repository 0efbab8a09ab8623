"""From a recipe and a folder of labelled sounds to the examples of a scene network, and to a trained run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from training.augment.device_translation import Pairs, Translated, Translator, options
from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.esc import Esc
from training.data.scenes import reader
from training.data.sounds import Sounds
from training.data.tau import device_of, moment_of
from training.fit import fit
from training.keyword import NONE, Folders, KeywordData, claim, draws_of, learn
from training.recipe import Recipe, RecipeError, Source


def gather(recipe: Recipe, folders: Folders, say: Callable[[str], None] = lambda line: None) -> KeywordData:
    """List the clips; labels that the recipe leaves open are the folder's, sorted. Raises DataError."""
    source = reader(folders.data, recipe.data.test_fold)
    if recipe.data.test_fold and not isinstance(source, Esc):
        raise DataError(f"{folders.data}: has no folds, only ESC's <fold>-<source>-<take> have; leave test_fold 0")
    split = source.split(recipe.data.salt)
    recipe = dataclasses.replace(recipe, labels=recipe.labels or _labels(split))
    _require(folders.data, recipe, split)
    parts = set(recipe.data.parts)
    train = [c for part, clips in split.items() if part in parts for c in clips]
    sources = folders.find(recipe.data.other, say)
    train += [c for source, path in sources for c in other(source, path, recipe.data.salt)["train"]]
    watch = [c for part, clips in split.items() if part not in parts for c in clips]
    noises = [f for _, p in folders.find(recipe.data.noise, say) for f in audio_files(p)]
    responses = [f for _, p in folders.find(recipe.data.responses, say) for f in audio_files(p)]
    train.sort(key=lambda c: str(c.path))
    used = [s for s, _ in sources]
    return KeywordData(recipe, train, watch, noises, responses, used, folders.data.resolve().name)


def other(source: Source, path: Path, salt: str) -> dict[str, list[Clip]]:
    """Part -> clips of sound that is none of the labels: an answer of no confidence is wanted for them."""
    split = Sounds(path, NONE, source.segment_s, source.weight).split(salt)
    return {part: [dataclasses.replace(c, word="") for c in clips] for part, clips in split.items()}


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
    data = gather(recipe, folders, say)
    draws = translated(data, out, cache, say) if recipe.data.translate else None
    return learn(data, out, cache, say, report, draws)


def translated(data: KeywordData, out: Path, cache: Path, say: Callable[[str], None]) -> Translated:
    """Draws whose clips of device a come through another device now and then; learns the translator first."""
    recipe = data.recipe
    if recipe.window_frames % 4 or recipe.frontend.bands % 4:
        raise RecipeError(
            f"translate: {recipe.window_frames} frames, {recipe.frontend.bands} bands; use multiples of 4"
        )
    plain = draws_of(data, data.train, cache, say)
    pairs, devices = simultaneous(data.train, plain(None), recipe.input_scale)
    say(f"translator: {len(pairs.source):,} pairs, from a to {', '.join(devices)}")
    claim(out, recipe, plain.key)
    torch.manual_seed(recipe.seed)
    net = fit(Translator(len(devices)), pairs, options(), recipe.seed, out / "translator.pt")
    from_a = np.array([c.label != NONE and device_of(c.path) == "a" for c in data.train])
    return Translated(plain, net, len(devices), from_a, recipe.data.translate, recipe.seed, recipe.input_scale)


def simultaneous(clips: list[Clip], features: np.ndarray, input_scale: float) -> tuple[Pairs, list[str]]:
    """Pairs of a clip by device a and one by another device at the same moment, and those devices' names."""
    rows = {(moment_of(c.path), device_of(c.path)): i for i, c in enumerate(clips) if c.label != NONE}
    found = [(rows[m, "a"], i, d) for (m, d), i in rows.items() if d != "a" and (m, "a") in rows]
    if not found:
        raise DataError("translate: no moment was recorded by device a and another one; it needs TAU's training list")
    devices = sorted({d for _, _, d in found})
    source, target, device = (np.array(v) for v in zip(*((a, i, devices.index(d)) for a, i, d in found), strict=True))
    return Pairs(features, source, target, device, input_scale), devices
