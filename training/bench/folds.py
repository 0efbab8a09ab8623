"""One recipe, several networks, each measured on speakers it never heard: the recipe's accuracy, and the page.

A network that ships may learn from every speaker there is. What it can do for a new one is then known from its
folds: networks of the same recipe, each with another seed and another part of the speakers kept apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import Bundle, OperatingPoint, open_bundle
from edge.runtime.litert import LiteRtModel, LiteRtStream
from training.data.audio import DataError, read_audio
from training.data.clip import Clip
from training.evaluate import accuracy
from training.evaluate.detection import Point, Track, measure
from training.evaluate.interval import clustered, poisson_rate, wilson
from training.evaluate.material import Folders, load, refuse_trained, split_name
from training.evaluate.stream import Rules, Stream, build
from training.evaluate.track import scores, track_of
from training.evaluate.trial import calibrate, merged_evidence

BACKGROUND = ("librispeech_subset", "arabic_speech_commands", "barista_commands", "asterisk_prompts", "esc10")
"""Folders beside the data that hold no commands in English, for the thresholds."""


@dataclass(frozen=True)
class Fold:
    """A run and its bundle, with the clips of the speakers that it never heard."""

    run: Path
    bundle: Bundle
    clips: list[Clip]

    @property
    def split(self) -> str:
        return split_name(self.bundle.manifest.training)


@dataclass(frozen=True)
class Scored:
    """What float and int8 made of a fold's clips: one truth value a clip."""

    fold: Fold
    right_float: np.ndarray
    right_int8: np.ndarray


def open_fold(run: Path, data: Path) -> Fold:
    """Raises DataError for a run without a bundle, or one that has learnt from its test part."""
    if not (run / "bundle" / "manifest.json").is_file():
        raise DataError(f"{run}: has no bundle; make one with nuthatch convert {run} --out {run}/bundle")
    bundle = open_bundle(run / "bundle")
    manifest = bundle.manifest
    refuse_trained(manifest.training, "test")
    return Fold(run, bundle, accuracy.clips(data, manifest.labels, "test", split_name(manifest.training)))


def score(fold: Fold) -> Scored:
    """Both networks on the same features of the same clips."""
    from training.keyword import load_trained, predict

    manifest = fold.bundle.manifest
    network, trained = LiteRtModel(fold.bundle.file("model.tflite")), load_trained(fold.run)
    samples = manifest.frontend.samples(manifest.window_frames)
    x = np.stack([features(accuracy.fit(read_audio(c.path), samples), manifest.frontend) for c in fold.clips])
    truth = np.array([manifest.labels.index(c.label) for c in fold.clips])
    in_float = predict(trained.net, x, trained.state["input_scale"]).argmax(1)
    in_int8 = np.array([int(np.argmax(network.run(w))) for w in x])
    return Scored(fold, in_float == truth, in_int8 == truth)


def pooled(scored: Sequence[Scored]) -> dict[str, Any]:
    """All folds as one, with the interval by speaker."""
    right = np.concatenate([s.right_int8 for s in scored])
    in_float = np.concatenate([s.right_float for s in scored])
    speakers = [c.speaker for s in scored for c in s.fold.clips]
    low, high = clustered(right.tolist(), speakers)
    return {
        "accuracy": round(float(right.mean()), 5),
        "interval": [round(low, 5), round(high, 5)],
        "float_accuracy": round(float(in_float.mean()), 5),
        "clips": len(right),
        "speakers": accuracy.speaker_count([c for s in scored for c in s.fold.clips]),
        "networks": len(scored),
    }


def thresholds(folds: Sequence[Fold], data: Path, budget: float, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """For each command: the threshold from the first fold's test stream, its result on the second fold's."""
    first, second = folds[0], folds[1]
    rows = []
    beside = tuple(p for p in (data.absolute().parent / n for n in BACKGROUND) if p.is_dir())
    if not beside:
        raise DataError(
            f"{data.absolute().parent}: has none of {', '.join(BACKGROUND)}; the thresholds need other speech"
        )
    heard = [_Heard(f, beside, data) for f in (first, second)]
    for target in first.bundle.manifest.targets:
        threshold, _ = calibrate(lambda audio, t=target: heard[0].track(t), {"clean": heard[0].stream}, budget)  # type: ignore[misc]
        point = heard[1].point(target, threshold)
        say(f"{target}: threshold {threshold:g}, misses {point.misses} of {point.trials}, {point.false_accepts} false")
        rows.append({"label": target, **point.as_json()})
    return rows


class _Heard:
    """A fold's network on a stream of its own test part: every command, then speech without any."""

    def __init__(self, fold: Fold, background: tuple[Path, ...], data: Path) -> None:
        manifest = fold.bundle.manifest
        keywords, other = [], None
        for target in manifest.targets:
            material = load(Folders(data / target, background), target, "test", fold.split)
            keywords += material.keywords
            other = other or material.background
        assert other is not None
        self.stream: Stream = build(keywords, other, [], Rules(), 0)
        network = LiteRtStream(fold.bundle.file("stream.tflite"))
        self._rows = scores(self.stream.audio, manifest.frontend, network.step, network.step_frames, network.labels)
        self._manifest = manifest

    def track(self, target: str) -> Track:
        return track_of(self._rows, self._manifest, target)

    def point(self, target: str, threshold: float) -> Point:
        labels = [x for x in self.stream.labels if x.label == target]
        return measure(self.track(target), labels, self.stream.hours, threshold)


def write(bundle: Bundle, result: dict[str, Any]) -> None:
    """Evidence and operating point of the folds into the manifest of the network that ships."""
    manifest, pool, rows = bundle.manifest, result["pooled"], result["thresholds"]
    note = f"{pool['networks']} networks of this recipe, each on speakers it never heard; this one heard them all"
    entry = {
        "measure": "accuracy", "value": pool["accuracy"], "interval": pool["interval"], "clips": pool["clips"],
        "speakers": pool["speakers"], "data": result["data"], "conditions": note,
    }  # fmt: skip
    trials, misses = sum(r["trials"] for r in rows), sum(r["misses"] for r in rows)
    false_accepts, hours = sum(r["false_accepts"] for r in rows), rows[0]["hours"]
    point = OperatingPoint(
        "default",
        {r["label"]: r["threshold"] for r in rows},
        f"clean; all commands together; thresholds from another fold; {note}",
        round(false_accepts / hours, 4), [round(x, 4) for x in poisson_rate(false_accepts, hours)], round(hours, 4),
        round(misses / trials, 5), [round(x, 5) for x in wilson(misses, trials)], trials,
    )  # fmt: skip
    evidence = merged_evidence(manifest.evidence, [entry])
    dataclasses.replace(manifest, evidence=evidence, operating_points=[point]).write(bundle.folder)


def table(result: dict[str, Any]) -> list[str]:
    """Markdown rows."""
    lines = ["| network | clips | speakers | float | int8 |", "|---|---|---|---|---|"]
    lines += [
        f"| seed {r['seed']}, {r['split']} | {r['clips']} | {r['speakers']} | {r['float']:.2%} | {r['int8']:.2%} |"
        for r in result["folds"]
    ]
    pool = result["pooled"]
    low, high = pool["interval"]
    lines.append(
        f"| together | {pool['clips']} | {pool['speakers']} | {pool['float_accuracy']:.2%} | "
        f"**{pool['accuracy']:.2%}** [{low:.2%}, {high:.2%}] |"
    )
    return lines


def page(result: dict[str, Any]) -> str:
    """docs/benchmarks/<model>.md."""
    rows = [
        f"| {r['label']} | {r['threshold']:g} | {r['misses']} of {r['trials']} | "
        f"{r['false_accepts']} in {r['hours']:.2f} h |"
        for r in result["thresholds"]
    ]
    parts = (
        f"# {result['model']}: accuracy on speakers it never heard",
        f"Made by `nuthatch bench {result['model']} --folds RUN --folds RUN ... --data {result['data']} --out DIR`; "
        "do not edit.",
        "Each network is of the same recipe with another seed and another part of the speakers kept apart. Float is "
        "PyTorch, int8 the converted `model.tflite` in LiteRT, both behind the integer front end on the same clips. "
        "The interval is 95 %, by speaker.",
        "\n".join(table(result)),
        "## As detections in a stream",
        "Thresholds from the test stream of the first network, results of the second on its own: the clips of every "
        "command among other speech and sound; a command taken for another counts as a false accept.",
        "\n".join(["| command | threshold | misses | false accepts |", "|---|---|---|---|", *rows]),
    )
    return "\n\n".join(parts) + "\n"


def fold_row(s: Scored) -> dict[str, Any]:
    training = s.fold.bundle.manifest.training
    return {
        "seed": training.get("seed"),
        "split": s.fold.split,
        "clips": len(s.fold.clips),
        "speakers": accuracy.speaker_count(s.fold.clips),
        "float": round(float(s.right_float.mean()), 5),
        "int8": round(float(s.right_int8.mean()), 5),
    }
