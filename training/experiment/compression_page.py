"""docs/experiments/compression.md, written from the rungs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.evaluate.interval import clustered
from training.experiment.compression import RUNGS, Plan, Rung
from training.experiment.paired import Difference, paired


def table(rungs: Sequence[Rung]) -> list[dict[str, Any]]:
    """A row for each rung over seeds and folds: accuracy, int8 minus float, the rung minus the first, bytes."""
    first = _by_seed(rungs, RUNGS[0], "right_int8")
    return [_row([r for r in rungs if r.name == name], rungs, first) for name in RUNGS]


def _row(own: Sequence[Rung], rungs: Sequence[Rung], first: Sequence[np.ndarray]) -> dict[str, Any]:
    name, files = own[0].name, [f for r in own for f in r.files.values()]
    right, right_int8 = (_by_seed(rungs, name, which) for which in ("right", "right_int8"))
    seeds = sorted({r.seed for r in own})
    sources = [[s for r in own if r.seed == seed for s in r.sources] for seed in seeds]
    flat = np.concatenate(right_int8)
    row = {
        "rung": name,
        "accuracy": float(np.concatenate(right).mean()),
        "int8_accuracy": float(flat.mean()),
        "int8_interval": clustered(flat.tolist(), [s for part in sources for s in part]),
        "int8_minus_float": paired(right_int8, right, sources),
        "parameters": own[0].weight["parameters"],
        "sparsity": float(np.mean([r.weight["sparsity"] for r in own])),
        "non_zero_bytes": round(float(np.mean([r.weight["non_zero_bytes"] for r in own]))),
        "bytes": round(float(np.mean([f["bytes"] for f in files]))),
        "gzip_bytes": round(float(np.mean([f["gzip_bytes"] for f in files]))),
    }
    return row if name == RUNGS[0] else row | {"int8_gain": paired(right_int8, first, sources)}


def _by_seed(rungs: Sequence[Rung], name: str, which: str) -> list[np.ndarray]:
    """For each seed: float [clips], folds in order."""
    own = [r for r in rungs if r.name == name]
    return [
        np.concatenate([np.array(getattr(r, which), float) for r in own if r.seed == seed])
        for seed in sorted({r.seed for r in own})
    ]


def page(rungs: Sequence[Rung], plan: Plan) -> str:
    rows, folds = table(rungs), ", ".join(str(f) for f in plan.folds)
    clips = sum(len(r.right) for r in rungs if r.name == RUNGS[0] and r.seed == plan.seeds[0])
    several = len(plan.seeds) > 1
    spans = "[by seed] [by recording]" if several else "[by recording]"
    lines = [
        "# The compression ladder",
        "",
        f"Written by `nuthatch experiment compression`: recipe {plan.recipe}, {len(plan.seeds)}"
        f" seed{'s' if several else ''}, folds {folds} each the test once ({clips} clips);",
        f"{plan.teachers} teachers of {plan.teacher_channels} channels; {plan.sparsity:.0%} of the weights pruned;"
        f" int8 after {plan.qat_epochs} epochs of fine-tuning.",
        "Non-zero bytes are counted as DCASE 2021 does (a byte a weight that is not zero, two for each value of a"
        " norm). What ships",
        "is the file: a device stores its zeros like any other value, only a download packed by gzip gains.",
        "",
        f"| rung | float % | int8 % [by recording] | int8 minus float {spans} | int8 minus the first rung's {spans}"
        " | parameters | zeros % | non-zero bytes | .tflite bytes | gzip bytes |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(r) for r in rows),
        "",
        "Intervals are 95 %: Student's t over seeds, where there are several, and a bootstrap over source recordings."
        f" {_verdict(rows)}",
    ]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    low, high = row["int8_interval"]
    cells = [
        row["rung"],
        f"{row['accuracy'] * 100:.1f}",
        f"{row['int8_accuracy'] * 100:.1f} [{low * 100:.1f}, {high * 100:.1f}]",
        str(row["int8_minus_float"]),
        str(row.get("int8_gain", "")),
        f"{row['parameters']:,}",
        f"{row['sparsity'] * 100:.0f}",
        *(f"{row[k]:,}" for k in ("non_zero_bytes", "bytes", "gzip_bytes")),
    ]
    return "| " + " | ".join(cells) + " |"


def _verdict(rows: Sequence[dict[str, Any]]) -> str:
    """Which rungs differ from the first, by every interval there is."""
    said = [f"{row['rung'].capitalize()} against {rows[0]['rung']}: {_held(row['int8_gain'])}." for row in rows[1:]]
    return " ".join(said)


def _held(gain: Difference) -> str:
    if gain.by_seed is None:
        return "of one seed, so nothing is shown"
    if not gain.shown:
        return "a null, an interval holds zero"
    return "better" if gain.mean > 0 else "worse"
