"""From a recipe and folders of recordings to the examples of a keyword network, and to a trained run."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edge.decide.scene import UNKNOWN as UNKNOWN_STATE
from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.draws import Drawn, Draws
from training.data.heard import digests
from training.data.sounds import Sounds, source_of
from training.data.speech_commands import COMMANDS, SILENCE, UNKNOWN, SpeechCommands
from training.data.split import part_of
from training.data.wake_words import WakeWords
from training.fit import Examples, fault_of, fit, write_atomically
from training.models import build
from training.recipe import Recipe, RecipeError, Source

OTHER = "_other_"
NONE = ""
"""Label of clips that are none of the labels, for networks that should then be unsure."""
CALIBRATION_CLIPS = 400


@dataclass(frozen=True)
class Folders:
    """Where the recordings are: the data of the command line, and the folder that a recipe's names stand in."""

    data: Path
    beside: Path

    @classmethod
    def around(cls, data: Path, recipe: Any) -> Folders:
        """The nearest folder above the data in which some of the recipe's other folders lie."""
        names = [s.folder for s in recipe.data.beside]
        above = list(data.resolve().parents)
        return cls(data, next((p for p in above if any((p / n).is_dir() for n in names)), above[0]))

    def find(self, sources: tuple[Any, ...], say: Callable[[str], None]) -> list[tuple[Any, Path]]:
        """The sources that are there; the others are named, since a recipe's figure needs them."""
        found = []
        for source in sources:
            path = self.beside / source.folder
            if path.is_dir():
                found.append((source, path))
            else:
                say(f"{source.folder}: not in {self.beside}, goes without it")
        return found


def labels_of(recipe: Recipe) -> list[str]:
    return list(recipe.labels) or ([OTHER, recipe.word] if recipe.task == "wake" else [SILENCE, UNKNOWN, *COMMANDS])


@dataclass
class KeywordData:
    """Clips to learn from and clips to watch, with their labels and words as numbers."""

    recipe: Recipe
    train: list[Clip]
    watch: list[Clip]
    noises: list[Path]
    responses: list[Path]
    sources: list[Source]
    folder: str
    """Name of the folder that the clips with the words came from."""

    @property
    def labels(self) -> list[str]:
        return labels_of(self.recipe)

    def numbers(self, clips: list[Clip]) -> np.ndarray:
        """int [N] labels; -1: none of them."""
        index = {label: i for i, label in enumerate(self.labels)} | {NONE: -1}
        return np.array([index[c.label] for c in clips], np.int64)

    def words(self) -> np.ndarray:
        """int [N] words of the training clips, -1 where there is none or hardly a second example of it."""
        names = [c.word if c.align != "part" else "" for c in self.train]
        index = {w: i for i, w in enumerate(sorted(w for w, n in Counter(names).items() if w and n >= 8))}
        return np.array([index.get(w, -1) for w in names], np.int64)


def gather(recipe: Recipe, folders: Folders, say: Callable[[str], None] = lambda line: None) -> KeywordData:
    """List the clips. Raises DataError for folders that hold none."""
    parts = set(recipe.data.parts)
    main = _commands(recipe, folders) if recipe.data.layout == "speech_commands" else _wake(recipe, folders)
    train = [c for part in parts for c in main[part]]
    watch = [c for part, clips in main.items() if part not in parts for c in clips]
    sources = folders.find(recipe.data.other, say)
    for source, path in sources:
        for clip in _other(recipe, source, path, folders.data):
            (train if part_of(clip.speaker, recipe.data.salt) in parts else watch).append(clip)
    train = [c for c in train if c.weight > 0]
    noises = [f for s, p in folders.find(recipe.data.noise, say) for f in audio_files(p) if _learns(f, recipe, parts)]
    found = folders.find(recipe.data.responses, say)
    responses = [f for s, p in found for f in audio_files(p)]
    if recipe.task == "wake" and not any(c.label == OTHER and c.align != "part" for c in train):
        raise DataError(
            f"{folders.beside}: holds none of the recipe's folders of other sound; name theirs with --beside"
        )
    train.sort(key=lambda c: (str(c.path), c.start_s, c.align))
    return KeywordData(recipe, train, watch, noises, responses, [s for s, _ in sources], folders.data.resolve().name)


def _learns(path: Path, recipe: Recipe, parts: set[str]) -> bool:
    return part_of(source_of(path), recipe.data.salt) in parts


def _commands(recipe: Recipe, folders: Folders) -> dict[str, list[Clip]]:
    words = tuple(w for w in labels_of(recipe) if w not in (SILENCE, UNKNOWN))
    weights = {SILENCE: recipe.data.silence_weight, UNKNOWN: recipe.data.unknown_weight}
    split = SpeechCommands(folders.data, words).split(recipe.data.salt)
    missing = [w for w in words if not any(c.label == w for clips in split.values() for c in clips)]
    if missing:
        raise DataError(f"{folders.data}: no folder {missing[0]!r} of the {len(words)} words; add it or set labels")
    return {
        part: [dataclasses.replace(c, weight=weights.get(c.label, recipe.data.weight)) for c in clips]
        for part, clips in split.items()
    }


def _wake(recipe: Recipe, folders: Folders) -> dict[str, list[Clip]]:
    split = WakeWords(folders.data, recipe.word).split(recipe.data.salt)
    out = {}
    for part, clips in split.items():
        whole = [dataclasses.replace(c, weight=recipe.data.weight) for c in clips]
        half = [dataclasses.replace(c, label=OTHER, align="part", weight=recipe.data.partial_weight) for c in clips]
        out[part] = whole + (half if part in recipe.data.parts else [])
    return out


def _other(recipe: Recipe, source: Source, path: Path, data: Path) -> list[Clip]:
    """Clips of a source beside the data; what the data folder itself holds is left out."""
    label = source.label or (OTHER if recipe.task == "wake" else UNKNOWN)
    if source.layout == "speech_commands":
        words = tuple(w for w in labels_of(recipe) if w not in (SILENCE, UNKNOWN))
        clips = [dataclasses.replace(c, weight=source.weight) for c in SpeechCommands(path, words).clips]
        if recipe.task == "wake":
            clips = [dataclasses.replace(c, label=OTHER, align="anywhere") for c in clips]
    else:
        clips = Sounds(path, label, source.segment_s, source.weight).clips
    inside = data.resolve()
    return [c for c in clips if inside not in c.path.resolve().parents]


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


def learn(
    data: KeywordData,
    out: Path,
    cache: Path,
    say: Callable[[str], None] = lambda line: None,
    report: Callable[[int, int, dict[str, float]], None] = lambda epoch, epochs, figures: None,
    draws: Drawn | None = None,
) -> Path:
    """The same from clips that were gathered; `draws` of the training clips may be given."""
    recipe = data.recipe
    say(f"{len(data.train):,} clips to learn from, {len(data.watch):,} to watch, {len(data.noises)} noises")
    draws = draws or draws_of(data, data.train, cache, say)
    examples = Examples(
        draws, data.numbers(data.train), data.words(), np.array([c.weight for c in data.train]), recipe.input_scale
    )
    torch.manual_seed(recipe.seed)
    net = build(recipe.model, len(data.labels), recipe.frontend.bands, recipe.window_frames)
    if recipe.fit.start:
        _start_from(net, Path(recipe.fit.start))
    claim(out, recipe, draws.key)
    teachers = [load_trained(Path(t)).net for t in recipe.fit.teachers]
    watch = _watch(data, cache, say) if data.watch else lambda net: {}
    fit(net, examples, recipe.fit, recipe.seed, out / "last.pt", watch, report, teachers)
    if first_process():
        _save(recipe, data, net, draws, out)
    return out / "model.pt"


def _start_from(net: nn.Module, run: Path) -> None:
    try:
        net.load_state_dict(load_trained(run).state["state_dict"])
    except RuntimeError as e:
        raise RecipeError(
            f"{run}: holds another network ({str(e).splitlines()[-1].strip()}); give its [model]"
        ) from None


def draws_of(data: KeywordData, clips: list[Clip], cache: Path, say: Callable[[str], None]) -> Draws:
    """The recipe's draws of some of the data's clips."""
    r = data.recipe
    return Draws(clips, r.frontend, r.window_frames, r.augment, r.seed, cache, data.noises, data.responses, say)


def claim(out: Path, recipe: Any, key: str) -> None:
    """Make the folder this recipe's, on the data that `key` names: a run goes on with what it began with.

    Raises RecipeError where it is another's.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not first_process():
        return
    for name, text, other in (
        ("recipe.json", json.dumps(recipe.to_dict(), indent=1), "of another recipe"),
        ("data.key", key, "on other data"),
    ):
        file = out / name
        if file.is_file() and file.read_text() != text:
            raise RecipeError(f"{out}: holds a run {other}; give another --out or remove the folder")
        partial = file.with_suffix(".partial")  # a kill leaves the old file or the new one
        partial.write_text(text)
        partial.replace(file)


def first_process() -> bool:
    """The one process of a torchrun group that writes."""
    return os.environ.get("RANK", "0") == "0"


def _watch(data: KeywordData, cache: Path, say: Callable[[str], None]) -> Callable[[nn.Module], dict[str, float]]:
    """A measure of the network on the clips that are not learnt from, without augmentation."""
    clips = [c for c in data.watch if c.align != "part"]
    x = draws_of(data, clips, cache, say)(None)
    y = data.numbers(clips)
    main = np.array([c.align != "anywhere" and data.recipe.data.layout != "wake_word" for c in clips])

    def accuracy(net: nn.Module) -> dict[str, float]:
        logits = predict(net, x[main], data.recipe.input_scale)
        return {"accuracy": float((logits.argmax(1) == y[main]).mean())}

    def misses(net: nn.Module) -> dict[str, float]:
        logits = predict(net, x, data.recipe.input_scale)
        margin = logits[:, 1] - logits[:, 0]
        if not (y == 0).any() or not (y == 1).any():
            return {}
        threshold = np.quantile(margin[y == 0], 0.999)
        return {"miss_at_.001": float((margin[y == 1] < threshold).mean())}

    return misses if data.recipe.task == "wake" else accuracy


@torch.no_grad()
def predict(net: nn.Module, features: np.ndarray, input_scale: float) -> np.ndarray:
    """int8 [N, T, F] -> logits float [N, labels]."""
    net.eval()
    device = next(net.parameters()).device
    out = []
    for first in range(0, len(features), 256):
        x = torch.from_numpy(np.array(features[first : first + 256])).permute(0, 2, 1).unsqueeze(1)
        out.append(net(x.float().to(device) * input_scale).cpu().numpy())
    return np.concatenate(out)


def _save(
    recipe: Recipe, data: KeywordData, net: nn.Module, draws: Callable[[int | None], np.ndarray], out: Path
) -> None:
    rng = np.random.default_rng(recipe.seed)
    rows = np.sort(rng.permutation(len(data.train))[:CALIBRATION_CLIPS])
    np.save(out / "calibration.npy", np.ascontiguousarray(draws(0)[rows]))
    state: dict[str, Any] = {
        "recipe": {**recipe.to_dict(), "description": recipe.description.replace("{word}", recipe.word)},
        "task": "scene" if recipe.task == "scene" else "keyword",
        "labels": data.labels,
        "targets": [x for x in data.labels if not x.startswith("_") and (recipe.task, x) != ("scene", UNKNOWN_STATE)],
        "input_scale": recipe.input_scale,
        "state_dict": net.state_dict(),
        "licences": _licences(recipe, data),
        "facts": _facts(recipe, data, net),
        "evidence": [],
    }
    write_atomically(state, out / "model.pt")


def _licences(recipe: Recipe, data: KeywordData) -> list[dict[str, str]]:
    used = [Source(data.folder, recipe.data.licence, recipe.data.origin), *data.sources]
    used += [*recipe.data.noise, *recipe.data.responses]
    unique = {(s.folder, s.licence): {"data": s.folder, "licence": s.licence, "source": s.origin} for s in used}
    return list(unique.values())


def sources_of(data: KeywordData) -> str:
    """Digests of the recordings with a label that are learnt from."""
    return digests(c for c in data.train if c.label != NONE)


def _facts(recipe: Recipe, data: KeywordData, net: nn.Module) -> dict[str, Any]:
    # Of words the split by speaker tells what was heard; folders of scenes are split in many ways.
    learnt = [c for c in data.train if c.label != NONE]
    heard = {"sources": sources_of(data)} if recipe.task == "scene" else {}
    return heard | {
        "recipe": recipe.name,
        "seed": recipe.seed,
        "parts": list(recipe.data.parts),
        "salt": recipe.data.salt,
        "test_fold": recipe.data.test_fold,
        "parameters": sum(p.numel() for p in net.parameters()),
        "clips": len(learnt),
        "speakers": len({c.speaker for c in learnt}),
        "epochs": recipe.fit.epochs,
        "teachers": len(recipe.fit.teachers),
    }


@dataclass(frozen=True)
class Trained:
    """A run's result: the network in eval mode and everything the converter needs beside it."""

    net: nn.Module
    labels: list[str]
    state: dict[str, Any]


def load_trained(folder: Path) -> Trained:
    """Raises DataError when the folder holds no finished run."""
    file = folder / "model.pt"
    if not file.is_file():
        raise DataError(f"{file}: no such file; finish the run with `nuthatch train`")
    try:
        state = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as e:  # torch raises a different type for every way a file can be broken
        raise DataError(f"{file}: cannot be read ({fault_of(e)}); train again") from None
    recipe = state["recipe"]
    net = build(recipe["model"], len(state["labels"]), recipe["frontend"]["bands"], recipe["window_frames"])
    net.load_state_dict(state["state_dict"])
    return Trained(net.eval(), state["labels"], state)
