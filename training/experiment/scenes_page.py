"""docs/experiments/scenes.md, written from the runs' results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.experiment.paired import Difference, paired
from training.experiment.scenes import Outcome, Plan, by_seed, device_spread

GATE = 0.08
GAIN, COST = 0.05, 0.025
GROUPS = ("common", "seen", "unseen")


def table(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row for each arm: accuracy by group, spread over devices, and the paired difference from `plain`."""
    arms = list(dict.fromkeys(o.arm for o in outcomes))
    rows = []
    for arm in arms:
        row: dict[str, Any] = {"arm": arm, "spread": device_spread(outcomes, arm)}
        for group in GROUPS:
            right, sources = by_seed(outcomes, arm, group)
            row[group] = float(np.concatenate(right).mean())
            if arm != "plain" and "plain" in arms:
                row[f"{group}_difference"] = paired(right, by_seed(outcomes, "plain", group)[0], sources)
        rows.append(row)
    return rows


def gap(rows: Sequence[dict[str, Any]]) -> float:
    """Common minus unseen in the plain arm."""
    plain = next(r for r in rows if r["arm"] == "plain")
    return float(plain["common"] - plain["unseen"])


def verdict(row: dict[str, Any], open_gate: bool) -> str:
    """What the claim, written before the runs, says of an arm."""
    unseen: Difference = row["unseen_difference"]
    if not open_gate:
        return "no gap to close"
    if not unseen.shown:
        return "null: interval holds zero"
    if unseen.mean < 0:
        return "worse"
    if -row["common_difference"].mean > COST:
        return f"gains, but costs more than {COST * 100:g} points on the common device"
    return "shown" if unseen.mean >= GAIN else f"gains, less than {GAIN * 100:g} points"


def page(outcomes: Sequence[Outcome], plan: Plan) -> str:
    rows = table(outcomes)
    seeds = sorted({o.seed for o in outcomes})
    found = gap(rows)
    design = "every fold" if plan.every_fold else "one fold a seed, in turn,"
    tested = ", ".join(
        f"{s}: {'/'.join(str(f) for f in sorted({o.fold for o in outcomes if o.seed == s}))}" for s in seeds
    )
    clips = sum(len(r) for r in by_seed(outcomes, "plain", "common")[0])
    lines = [
        "# Scenes on devices that no training saw",
        "",
        f"Written by `nuthatch experiment scenes`. Complete are {len(seeds)} of {len(plan.seeds)} seeds,"
        f" {len(outcomes)} runs; {design} of ESC",
        f"is the test (seed: fold {tested}), {clips} clips in all. {_training(plan)} Devices are simulated: a"
        " microphone's measured",
        f"impulse response, an equalizer of seven bands within {plan.eq_db:g} dB, limits of the band. 76 % of the"
        " training clips have",
        "no such device (common), 24 % one of three (seen); the test hears every clip through each of 14, ten of them"
        " unseen.",
        "All arms have the same parameters, seeds, initial weights, clips and order.",
        "",
        f"**Gate**: the plain network loses {found * 100:.1f} points on unseen devices; "
        + ("8 or more: there is something to close." if found >= GATE else "fewer than 8: the claim is not tested."),
        "",
        "| arm | common % | seen % | unseen % | s.d. over devices | unseen minus plain [by seed] [by recording] |"
        " seeds above | common minus plain | verdict |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(r, found >= GATE) for r in rows]
    lines += [
        "",
        "Intervals are 95 %: Student's t over seeds (and their folds), and a bootstrap over source recordings. A"
        " difference counts as shown",
        f"when neither holds zero; the claim also wants {GAIN * 100:g} points on unseen devices and at most"
        f" {COST * 100:g} lost on the common one.",
        "`mean removal` subtracts the mean of each frequency row at the input: what any linear device adds, it takes"
        " away without a method.",
    ]
    return "\n".join(lines) + "\n"


def _training(plan: Plan) -> str:
    recipe = plan.recipe("plain", plan.seeds[0], plan.folds[0])
    return f"Training: {recipe.fit.epochs} epochs, {recipe.model['channels']} channels."


def _line(row: dict[str, Any], open_gate: bool) -> str:
    cells = [row["arm"], *(f"{row[g] * 100:.1f}" for g in GROUPS), f"{row['spread'] * 100:.1f}"]
    if "unseen_difference" not in row:
        return "| " + " | ".join([*cells, "", "", "", ""]) + " |"
    d: Difference = row["unseen_difference"]
    cells += [str(d), f"{d.seeds_above}/{d.seeds}"]
    return "| " + " | ".join([*cells, f"{row['common_difference'].mean * 100:+.1f}", verdict(row, open_gate)]) + " |"
