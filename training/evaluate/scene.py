"""Accuracy of a scene model on a folder of sounds as it is: what is wrong with a file is named, counted and, where
there is sound in it, heard all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import Bundle
from edge.runtime.litert import LiteRtModel
from training.data.audio import DataError
from training.data.clip import Clip
from training.data.heard import learnt_from
from training.data.recording import UNREADABLE, recording
from training.data.scenes import evaluated
from training.evaluate.accuracy import PARTS, figures, fit

Network = Callable[[np.ndarray], np.ndarray]
"""int16 [window samples] -> probabilities [labels]"""


@dataclass(frozen=True)
class Heard:
    """What the network said of each clip that could be read, and what was wrong with the files."""

    clips: list[Clip]
    probabilities: np.ndarray
    """float [clips, labels]"""
    faults: dict[str, list[str]]
    """Fault -> the files that have it, or of unreadable ones the lines that say why."""


def network_of(bundle: Bundle) -> Network:
    """The bundle's int8 file behind its front end."""
    manifest, model = bundle.manifest, LiteRtModel(bundle.file("model.tflite"))
    scale, zero = manifest.output.scale, manifest.output.zero_point

    def run(audio: np.ndarray) -> np.ndarray:
        scores = model.run(features(audio, manifest.frontend)[: manifest.window_frames])
        return (scores.astype(np.float64) - zero) * scale

    return run


def hear(clips: Sequence[Clip], network: Network, samples: int) -> Heard:
    """Raises DataError where not a single file can be read."""
    read, rows, faults = [], [], dict[str, list[str]]()
    for clip in clips:
        found = recording(clip.path, samples)
        for fault in found.faults:
            faults.setdefault(fault, []).append(found.why or f"{clip.path.parent.name}/{clip.path.name}")
        if found.audio is not None:
            read.append(clip)
            rows.append(network(fit(found.audio, samples)))
    if not read:
        raise DataError(f"none of the {len(clips)} files can be read: {faults[UNREADABLE][0]}")
    return Heard(read, np.stack(rows), faults)


def measure(bundle: Bundle, data: Path, split: str) -> dict[str, Any]:
    """Accuracy, what was confused, what reached the bundle's confidence, and the state of the files."""
    manifest = bundle.manifest
    clips = evaluated(data, PARTS.get(split, split), manifest.training)
    if not any(c.label in manifest.labels for c in clips):
        raise DataError(f"{data}: no class of it is a label of this model, which has {', '.join(manifest.labels)}")
    heard = hear(clips, network_of(bundle), manifest.frontend.samples(manifest.window_frames))
    enter = manifest.scene.enter if manifest.scene else 0.0
    result = of_known(heard, manifest.labels, enter)
    result["foreign"] = of_foreign(heard, manifest.labels, enter)
    result["files"] = {k: {"clips": len(v), "first": v[0]} for k, v in heard.faults.items()}
    known = learnt_from(manifest.training, [c for c in heard.clips if c.label in manifest.labels])
    result["learnt_from"] = None if known is None else {"clips": len(known), "sources": _sources(known)}
    return result


def of_known(heard: Heard, labels: Sequence[str], enter: float) -> dict[str, Any]:
    """Of the clips whose class the model has. `named` are those that a single window would name."""
    rows = [i for i, c in enumerate(heard.clips) if c.label in labels]
    if not rows:
        raise DataError("no file of a class that the model has can be read")
    clips, probabilities = [heard.clips[i] for i in rows], heard.probabilities[rows]
    guess = probabilities.argmax(1)
    right = guess == np.array([labels.index(c.label) for c in clips])
    named = probabilities.max(1) >= enter
    return figures(clips, labels, guess.tolist()) | {
        "sources": _sources(clips),
        "named": {
            "enter": enter,
            "share": round(float(named.mean()), 5),
            "right": round(float(right[named].mean()), 5) if named.any() else None,
        },
    }


def of_foreign(heard: Heard, labels: Sequence[str], enter: float) -> dict[str, Any]:
    """Of each class that the model has not: its clips, and how many of them it would take for one that it has."""
    best = heard.probabilities.max(1)
    rows: dict[str, dict[str, int]] = {}
    for clip, value in zip(heard.clips, best, strict=True):
        if clip.label not in labels:
            row = rows.setdefault(clip.label, {"clips": 0, "named": 0})
            row["clips"] += 1
            row["named"] += int(value >= enter)
    return rows


def _sources(clips: Sequence[Clip]) -> int:
    return len({c.speaker for c in clips})


def remarks(result: Mapping[str, Any]) -> list[str]:
    """A line for everything that a reader of the accuracy must know."""
    lines = [f"{v['clips']} files {k}: {v['first']}" for k, v in result["files"].items()]
    lines += [
        f"class {label!r} is no label of this model: {row['clips']} clips left out of the accuracy, "
        f"{row['named']} of them would be named as something else"
        for label, row in result["foreign"].items()
    ]
    learnt = result["learnt_from"]
    if learnt is None:
        lines.append("the bundle does not say what it learnt from: these clips may be among it")
    elif learnt["clips"]:
        lines.append(
            f"{learnt['clips']} of the {result['clips']} clips are of {learnt['sources']} recordings that this model "
            "learnt from: for them this is no measure of new sound"
        )
    return lines
