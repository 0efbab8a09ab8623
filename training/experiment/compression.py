"""The ladder from a float network to what ships: float, distilled, pruned, each with its int8 form.

Teachers are wider networks of the same recipe; their mean prediction is followed. The pruned network starts from the
distilled one and follows the teachers too. int8 is what `nuthatch convert` makes of a rung, measured through LiteRT.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import BundleError, open_bundle
from edge.runtime.litert import LiteRtModel
from training.compress.report import count, shipped
from training.data.audio import DataError, read_audio
from training.evaluate import accuracy
from training.keyword import Folders, KeywordData, load_trained, predict, sources_of
from training.recipe import Recipe, load
from training.scene import gather, train

RUNGS = ("float", "distilled", "pruned")


@dataclass(frozen=True)
class Plan:
    """What is run: every fold the test of its own runs."""

    data: Path
    beside: Path
    work: Path
    recipe: str = "sounds10"
    seeds: tuple[int, ...] = (0,)
    folds: tuple[int, ...] = (1, 2, 3, 4)
    teachers: int = 2
    teacher_channels: int = 40
    sparsity: float = 0.6
    qat_epochs: int = 10
    overrides: tuple[str, ...] = ()

    def base(self, seed: int, fold: int) -> Recipe:
        recipe: Recipe = load(self.recipe, [*self.overrides, f"seed={seed}", f"data.test_fold={fold}"])
        return recipe

    def teacher(self, seed: int, fold: int, k: int) -> Recipe:
        base = self.base(1000 + seed * 10 + k, fold)
        return dataclasses.replace(base, model={**base.model, "channels": self.teacher_channels})

    def student(self, rung: str, seed: int, fold: int, runs: Path) -> Recipe:
        """The recipe of a rung; later ones need the earlier ones' folders."""
        base = self.base(seed, fold)
        if rung == "float":
            return base
        teachers = tuple(str(runs / f"teacher{k}") for k in range(self.teachers))
        fit = dataclasses.replace(base.fit, teachers=teachers)
        if rung == "pruned":
            fit = dataclasses.replace(fit, start=str(runs / "distilled"), sparsity=self.sparsity)
        return dataclasses.replace(base, fit=fit)


@dataclass(frozen=True)
class Rung:
    """Of one seed and fold."""

    name: str
    seed: int
    fold: int
    sources: list[str]
    """Of the fold's clips, in order."""
    right: list[bool]
    right_int8: list[bool]
    weight: dict[str, Any]
    """Of training/compress/report.py: counted."""
    files: dict[str, Any]
    """The bundle's, as shipped."""


def run(plan: Plan, say: Callable[[str], None] = lambda line: None) -> list[Rung]:
    """All rungs; finished runs in `work` are taken as they are."""
    rungs = []
    for seed in plan.seeds:
        for fold in plan.folds:
            runs = plan.work / f"{seed}-{fold}"
            for k in range(plan.teachers):
                _train(plan, plan.teacher(seed, fold, k), runs / f"teacher{k}", say)
            for name in RUNGS:
                recipe = plan.student(name, seed, fold, runs)
                _train(plan, recipe, runs / name, say)
                rungs.append(_measure(plan, recipe, name, runs / name, say))
    return rungs


def _train(plan: Plan, recipe: Recipe, out: Path, say: Callable[[str], None]) -> None:
    folders = Folders(plan.data, plan.beside)
    if (out / "model.pt").is_file():
        _require_same(out, gather(recipe, folders))
    else:
        say(f"{out.parent.name}/{out.name}")
        train(recipe, folders, out, plan.work / "features")


def _require_same(out: Path, data: KeywordData) -> None:
    """A finished run counts for the recipe and the recordings that it learnt from, no others."""
    state = load_trained(out).state
    same = _settings(state["recipe"]) == _settings(data.recipe.to_dict())
    if not same or state["facts"]["sources"] != sources_of(data):
        raise DataError(f"{out}: a run of other settings or recordings; give another --work or remove it")


def _settings(recipe: dict[str, Any]) -> str:
    """To compare; without where `work` is. Its description was completed when it was saved."""
    fit = recipe["fit"]
    runs = {"teachers": [Path(t).name for t in fit["teachers"]], "start": Path(fit["start"]).name}
    return json.dumps({**recipe, "fit": {**fit, **runs}, "description": ""})


def _measure(plan: Plan, recipe: Recipe, name: str, run_folder: Path, say: Callable[[str], None]) -> Rung:
    trained, bundle = load_trained(run_folder), run_folder / "bundle"
    if not _is_of(bundle, plan.qat_epochs):
        say(f"{run_folder.parent.name}/{name} to int8")
        _convert(run_folder, bundle, plan.qat_epochs)
    clips = gather(recipe, Folders(plan.data, plan.beside)).watch
    opened = open_bundle(bundle)
    config, frames = opened.manifest.frontend, opened.manifest.window_frames
    network = LiteRtModel(opened.file("model.tflite"))
    windows = [accuracy.fit(read_audio(c.path), config.samples(frames)) for c in clips]
    x = np.stack([features(w, config) for w in windows])
    truth = np.array([trained.labels.index(c.label) for c in clips])
    right = predict(trained.net, x, recipe.input_scale).argmax(1) == truth
    right_int8 = np.array([int(np.argmax(network.run(f))) for f in x]) == truth
    return Rung(
        name, recipe.seed, recipe.data.test_fold, [c.speaker for c in clips], right.tolist(), right_int8.tolist(),
        count(trained.net), shipped(bundle),
    )  # fmt: skip


def _is_of(bundle: Path, qat_epochs: int) -> bool:
    """Whether it is whole, and was fine-tuned for so long."""
    try:
        return bool(open_bundle(bundle).manifest.training.get("qat_epochs", 0) == qat_epochs)
    except BundleError:
        return False


def _convert(run_folder: Path, bundle: Path, qat_epochs: int) -> None:
    """The converter is another package, downstream of this one: it is called as the command it is."""
    call = "from edge.cli import main; main()"
    argv = ["convert", str(run_folder), "--out", str(bundle), "--qat-epochs", str(qat_epochs)]
    done = subprocess.run([sys.executable, "-c", call, *argv], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise DataError(f"{run_folder}: nuthatch convert failed: {said[-1]}")
