"""The parts of SINet that its authors compare: the decoder's gate, the loss at the boundary, the pools of its blocks.

The design, fixed before any run: every arm has the same seeds, pictures, examples and order; seed s keeps the part of
the pictures apart that the split by name gives for the salt s, so that each seed is tested on other pictures. The
claims: the loss at the boundary raises the IoU in the band and does not lower that of the whole; the gate is not worse
than letting all detail through; pools are not worse than none. What comes out is written as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.audio import DataError
from training.data.heard import digest, digest_of_file
from training.data.portraits import Portraits, resized
from training.evaluate.portrait import SIZE, mask_of
from training.evaluate.segmentation import band_iou, iou
from training.experiment import result
from training.experiment.paired import Difference, paired
from training.keyword import Folders
from training.portrait import PortraitData, gather, load_trained, predict, train
from training.portrait_recipe import Recipe
from training.recipe import RecipeError, load

RECIPE, REFERENCE = "portraits_experiment", "as published"
ARMS: dict[str, dict[str, Any]] = {
    REFERENCE: {},
    "all detail": {"model": {"gate": "add"}},
    "no detail": {"model": {"gate": "none"}},
    "no boundary loss": {"boundary_weight": 0.0},
    "no pools": {"model": {"pools": False}},
}
"""Arm -> what it changes of the recipe."""
MEASURES = ("whole", "band")


@dataclass(frozen=True)
class Plan:
    """What is run. `beside` holds the folders of backgrounds."""

    data: Path
    beside: Path
    work: Path
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    arms: tuple[str, ...] = tuple(ARMS)
    overrides: tuple[str, ...] = ()

    def recipe(self, arm: str, seed: int) -> Recipe:
        if arm not in ARMS:
            raise RecipeError(f"arm {arm!r} is none of {', '.join(ARMS)}")
        base: Recipe = load(RECIPE, [*self.overrides, f"seed={seed}", f"data.salt={str(seed)!r}"])
        change = dict(ARMS[arm])
        return dataclasses.replace(base, model={**base.model, **change.pop("model", {})}, **change)


@dataclass(frozen=True)
class Outcome:
    """One run: the pictures kept apart, and what was found in each."""

    arm: str
    seed: int
    pictures: list[str]
    whole: list[float]
    band: list[float]
    """IoU of each picture, over all of it and in the band."""


def run(
    plan: Plan,
    say: Callable[[str], None] = lambda line: None,
    after: Callable[[list[Outcome]], None] = lambda outcomes: None,
) -> list[Outcome]:
    """All runs, those done before taken from `work`. Seeds are the outer loop: an early stop is still paired.

    `after` is shown what there is whenever a seed is complete in all arms.
    """
    outcomes: list[Outcome] = []
    pictures = _digest(plan.data)
    recipes = {(arm, seed): plan.recipe(arm, seed) for seed in plan.seeds for arm in plan.arms}
    for seed in plan.seeds:
        for arm in plan.arms:
            recipe, file = recipes[arm, seed], plan.work / f"{arm.replace(' ', '_')}-{seed}.json"
            settings = {"recipe": recipe.to_dict(), "pictures": pictures}
            outcome = result.read(file, Outcome, settings)
            if outcome is None:
                say(f"run {len(outcomes) + 1}/{len(plan.seeds) * len(plan.arms)}: {arm}, seed {seed}")
                outcome = _one(plan, recipe, arm, file.with_suffix(""), say)
                result.write(file, outcome, settings)
            outcomes.append(outcome)
        after(outcomes)
    return outcomes


def _one(plan: Plan, recipe: Recipe, arm: str, out: Path, say: Callable[[str], None]) -> Outcome:
    """Train, then look at the pictures kept apart."""
    folders = Folders(plan.data, plan.beside)
    train(recipe, folders, out, plan.work, say)
    return _looked(gather(recipe, folders), load_trained(out, recipe), arm, recipe)


def _looked(data: PortraitData, net: Any, arm: str, recipe: Recipe) -> Outcome:
    if not data.watch:
        raise DataError(f"{data.folder}: none of its pictures is kept apart; it needs about 50")
    rgb = np.stack([resized(p, recipe.height, recipe.width).rgb for p in data.watch])
    truth = [resized(p, SIZE, SIZE).mask for p in data.watch]
    found = [mask_of(p) for p in predict(net, rgb)]
    edges = [band_iou(f, t) for f, t in zip(found, truth, strict=True)]
    whole = [iou(f, t) for f, t in zip(found, truth, strict=True)]
    band = [w if e is None else e for w, e in zip(whole, edges, strict=True)]
    return Outcome(arm, recipe.seed, data.watch_names, whole, band)


def _digest(folder: Path) -> str:
    """Of all pictures and masks."""
    files = [digest_of_file(p) for pair in Portraits(folder).pairs for p in pair if p.is_file()]
    return digest(" ".join(files))


def table(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row for each arm: IoU of both kinds, and the reference's minus it, paired, over complete seeds."""
    arms = list(dict.fromkeys(o.arm for o in outcomes))
    by_key = {(o.arm, o.seed): o for o in outcomes}
    seeds = [s for s in sorted({o.seed for o in outcomes}) if all((a, s) in by_key for a in arms)]
    rows = []
    for arm in arms:
        row: dict[str, Any] = {"arm": arm, "seeds": len(seeds)}
        for measure in MEASURES:
            own = [np.array(getattr(by_key[arm, s], measure)) for s in seeds]
            row[measure] = float(np.concatenate(own).mean())
            if arm != REFERENCE and REFERENCE in arms:
                ours = [np.array(getattr(by_key[REFERENCE, s], measure)) for s in seeds]
                row[f"{measure}_gain"] = paired(ours, own, [by_key[arm, s].pictures for s in seeds])
        rows.append(row)
    return rows


def page(outcomes: Sequence[Outcome], plan: Plan) -> str:
    """docs/experiments/portraits.md"""
    rows, recipe = table(outcomes), plan.recipe(REFERENCE, 0)
    pictures = sum(len(o.pictures) for o in outcomes if o.arm == REFERENCE)
    lines = [
        "# What the parts of SINet gain here",
        "",
        f"Written by `nuthatch experiment portraits`: {rows[0]['seeds']} of {len(plan.seeds)} seeds, {len(outcomes)}"
        f" runs of {recipe.encoder.epochs} and {recipe.fit.epochs} epochs at {recipe.height} x {recipe.width}"
        f" pixels, width {recipe.model.get('width', 1.0):g}. Each seed keeps other pictures apart,"
        f" {pictures} in all, the same in every arm. IoU in points; the gain is the published network's"
        " minus the arm's, picture by picture.",
        "",
        "| arm | IoU | in the band | gain, IoU [by seed] [by picture] | gain in the band [by seed] [by picture] |"
        " in the band |",
        "|---|---|---|---|---|---|",
        *(_line(r) for r in rows),
        "",
        "Intervals are 95 %: Student's t over seeds, and a bootstrap over pictures. A gain counts as shown when neither"
        " holds zero.",
    ]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    cells = [row["arm"], *(f"{row[m] * 100:.1f}" for m in MEASURES)]
    gains: list[Difference] = [row[f"{m}_gain"] for m in MEASURES if f"{m}_gain" in row]
    cells += [str(g) for g in gains] or ["", ""]
    return "| " + " | ".join([*cells, _verdict(gains[1]) if gains else ""]) + " |"


def _verdict(d: Difference) -> str:
    if not d.shown:
        return "null: an interval holds zero"
    return "shown" if d.mean > 0 else "worse"
