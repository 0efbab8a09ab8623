"""Networks of one scene recipe, each measured on the fold that it never heard, and what they say of other sound.

A network that ships learns from every fold there is; what its recipe can do is known from these. So is the smoothed
probability from which on a label may become the state: chosen on folds and recordings, reported on others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import Bundle, Manifest, open_bundle
from edge.runtime.litert import LiteRtModel
from training.bench.confidence import Choice, Fold, by_name, crosswise, rates, stream_of
from training.bench.other_sound import others
from training.bench.window import window_cost
from training.data.audio import DataError, read_audio
from training.data.clip import Clip
from training.data.heard import learnt_from
from training.data.scenes import evaluated
from training.evaluate.accuracy import figures, fit
from training.evaluate.interval import clustered
from training.evaluate.trial import merged_evidence


@dataclass(frozen=True)
class Scored:
    """What float and int8 made of a fold's clips."""

    manifest: Manifest
    clips: list[Clip]
    in_float: np.ndarray
    """int [clips], labels"""
    in_int8: np.ndarray
    fold: Fold
    """Its sounds as streams."""

    @property
    def truth(self) -> np.ndarray:
        return np.array([self.manifest.labels.index(c.label) for c in self.clips])


def open_run(run: Path, data: Path, wanted: Manifest) -> tuple[Bundle, list[Clip]]:
    """The run's bundle and its test fold; raises DataError where it has none, has learnt from it, or is of another
    recipe than the network that ships."""
    if not (run / "bundle" / "manifest.json").is_file():
        raise DataError(f"{run}: has no bundle; make one with nuthatch convert {run} --out {run}/bundle")
    bundle = open_bundle(run / "bundle")
    if (own := bundle.manifest).labels != wanted.labels or own.training.get("model") != wanted.training.get("model"):
        raise DataError(f"{run}: has other labels or another [model] than {wanted.name}; give runs of its recipe")
    clips = evaluated(data, "test", bundle.manifest.training)
    if foreign := {c.label for c in clips} - set(wanted.labels):
        raise DataError(f"{data}: class {foreign.pop()!r} is no label of {wanted.name}; give the data it learnt from")
    if known := learnt_from(bundle.manifest.training, clips):
        raise DataError(f"{run}: learnt from {len(known)} clips of its test fold; train with --set data.test_fold=...")
    return bundle, clips


def score(run: Path, data: Path, bundle: Bundle, clips: list[Clip]) -> Scored:
    """Both networks on the same features of the same clips; then the streams."""
    from training.keyword import load_trained, predict

    manifest, trained = bundle.manifest, load_trained(run)
    network = LiteRtModel(bundle.file("model.tflite"))
    sounds = [read_audio(c.path) for c in clips]
    samples = manifest.frontend.samples(manifest.window_frames)
    x = np.stack([features(fit(s, samples), manifest.frontend)[: manifest.window_frames] for s in sounds])
    return Scored(
        manifest,
        clips,
        predict(trained.net, x, trained.state["input_scale"]).argmax(1),
        np.array([int(np.argmax(network.run(w))) for w in x]),
        _streams(manifest, network, clips, sounds, data),
    )


def _streams(
    manifest: Manifest, network: LiteRtModel, clips: Sequence[Clip], sounds: Sequence[np.ndarray], data: Path
) -> Fold:
    """The fold's clips class by class, one after the other, and the other sound."""
    scenes = []
    for i, label in enumerate(manifest.labels):
        own = [s for c, s in zip(clips, sounds, strict=True) if c.label == label]
        if own:
            scenes.append(stream_of(label, np.concatenate(own), manifest, network, i))
    learnt = {str(x.data) for x in manifest.licences}
    found = {
        part: [
            stream_of(o.name, o.audio, manifest, network, None, o.speech)
            for o in others(data.absolute().parent, part, learnt)
        ]
        for part in ("calibration", "test")
    }
    return Fold(scenes, found["calibration"], found["test"])


def compare(runs: Sequence[Path], data: Path, wanted: Manifest) -> tuple[dict[str, Any], Choice]:
    """Everything that the page and the manifest say."""
    if len(runs) < 2:
        raise DataError(f"{runs[0]}: one run is no fold; give at least 2 with different test folds")
    opened = [open_run(run, data, wanted) for run in runs]
    tested: dict[Path, Path] = {}
    for run, (_, clips) in zip(runs, opened, strict=True):
        if twice := next((c.path for c in clips if c.path in tested), None):
            raise DataError(f"{run}: has the test fold of {tested[twice]}; give runs with different test folds")
        tested |= {c.path: run for c in clips}
    scored = [score(run, data, *own) for run, own in zip(runs, opened, strict=True)]
    choice = crosswise([s.fold for s in scored])
    return {
        "data": data.resolve().name,
        "pooled": pooled(scored),
        "folds": [_row(s) for s in scored],
        "confidence": {
            "enter": choice.enter,
            "leave": choice.leave,
            "crosswise": choice.crosswise,
            "classes": rates(choice.scenes),
            "other": {name: rates(own) for name, own in by_name(choice.others).items()},
        },
    }, choice


def pooled(scored: Sequence[Scored]) -> dict[str, Any]:
    """All folds as one, with the interval by source recording; confusion and classes of int8."""
    clips = [c for s in scored for c in s.clips]
    guess = np.concatenate([s.in_int8 for s in scored])
    same = np.concatenate([s.in_int8 == s.in_float for s in scored])
    right_float = np.concatenate([s.in_float == s.truth for s in scored])
    result = figures(clips, scored[0].manifest.labels, guess.tolist())
    kept = {k: result[k] for k in ("accuracy", "interval", "clips", "per_class", "confusion")}
    low, high = clustered(right_float.tolist(), [c.speaker for c in clips])
    return kept | {
        "sources": len({c.speaker for c in clips}),
        "networks": len(scored),
        "float_accuracy": round(float(right_float.mean()), 5),
        "float_interval": [round(low, 5), round(high, 5)],
        "same_label": round(float(same.mean()), 5),
    }


def _row(s: Scored) -> dict[str, Any]:
    training = s.manifest.training
    return {
        "seed": training.get("seed"),
        "test_fold": training.get("test_fold"),
        "clips": len(s.clips),
        "sources": len({c.speaker for c in s.clips}),
        "float": round(float((s.in_float == s.truth).mean()), 5),
        "int8": round(float((s.in_int8 == s.truth).mean()), 5),
    }


def write(bundle: Bundle, result: dict[str, Any], choice: Choice) -> None:
    """Accuracy, thresholds and what they do into the manifest of the network that ships."""
    manifest, pool = bundle.manifest, result["pooled"]
    if manifest.scene is None:
        raise DataError(f"{bundle.folder}: its manifest has no scene; convert the run again")
    note = f"{pool['networks']} networks of this recipe, each on the fold it never heard; this one learnt from all"
    shared = {"data": result["data"], "conditions": note}
    entries = [
        {"measure": "accuracy", "value": pool["accuracy"]}
        | {k: pool[k] for k in ("interval", "clips", "sources", "float_accuracy")}
        | shared,
        {"measure": "named", **rates(choice.scenes), "enter": choice.enter, **shared},
    ]
    entries += [
        {"measure": "named", **rates(own), "enter": choice.enter, "data": name, "conditions": note}
        for name, own in by_name(choice.others).items()
    ]
    scene = dataclasses.replace(manifest.scene, enter=choice.enter, leave=choice.leave)
    evidence = merged_evidence(manifest.evidence, entries)
    costs = [window_cost(bundle)]
    dataclasses.replace(manifest, scene=scene, evidence=evidence, costs=costs).write(bundle.folder)


def page(model: str, result: dict[str, Any], choice: Choice, bundle: Bundle) -> str:
    """docs/benchmarks/<model>.md."""
    pool, file = result["pooled"], bundle.manifest.files["model.tflite"]
    parts = (
        f"# {model}: accuracy on recordings it never heard",
        f"Made by `nuthatch bench {model} --folds RUN --folds RUN ... --data {result['data']} --out DIR`; do not edit.",
        "Each network is of the same recipe, its test fold kept apart; the one that ships learnt from all of them. "
        "Float is PyTorch, int8 the converted `model.tflite` in LiteRT, both behind the integer front end on the same "
        "clips. Intervals are 95 %, by source recording. On which folds the recipe was chosen: docs/models.md.",
        f"The file that ships has {file.bytes:,} bytes. int8 gives float's label to {pool['same_label']:.1%} of the "
        "clips.",
        "\n".join(_fold_table(result)),
        "\n".join(_class_table(pool)),
        "## From which probability on a label becomes the state",
        _confidence_text(choice, bundle.manifest),
        "\n".join(_confidence_table(choice)),
    )
    return "\n\n".join(parts) + "\n"


def _fold_table(result: dict[str, Any]) -> list[str]:
    lines = ["| network | clips | sources | float | int8 |", "|---|---|---|---|---|"]
    lines += [
        f"| seed {r['seed']}, fold {r['test_fold']} | {r['clips']} | {r['sources']} | {r['float']:.1%} | "
        f"{r['int8']:.1%} |"
        for r in result["folds"]
    ]
    pool = result["pooled"]
    spans = [f"[{low:.1%}, {high:.1%}]" for low, high in (pool["float_interval"], pool["interval"])]
    lines.append(
        f"| together | {pool['clips']} | {pool['sources']} | {pool['float_accuracy']:.1%} {spans[0]} | "
        f"**{pool['accuracy']:.1%}** {spans[1]} |"
    )
    return lines


def _class_table(pool: dict[str, Any]) -> list[str]:
    """Each class with what it was most often taken for."""
    labels, counts = pool["confusion"]["labels"], np.array(pool["confusion"]["counts"])
    lines = ["| class | right | taken for |", "|---|---|---|"]
    for i, label in enumerate(labels):
        wrong = [(int(n), labels[k]) for k, n in enumerate(counts[i]) if n and k != i]
        taken = ", ".join(f"{name} {n}" for n, name in sorted(wrong, key=lambda w: (-w[0], w[1])))
        lines.append(f"| {label} | {counts[i, i]} of {counts[i].sum()} | {taken} |")
    return lines


def _confidence_text(choice: Choice, manifest: Manifest) -> str:
    scene = manifest.scene
    assert scene is not None
    hop_s = scene.hop_frames * manifest.frontend.hop_ms / 1000
    return (
        f"A fold's clips of a class one after the other, a window every {hop_s:g} s, probabilities averaged over "
        f"{scene.smooth_windows} windows; other sound the same. {choice.rule} Chosen so on all folds and the "
        f"calibration half of other sound: enter {choice.enter:g}, leave {choice.leave:g}. The table is crosswise: "
        "each fold at the threshold that the other folds and that half choose "
        f"({', '.join(f'{t:g}' for t in choice.crosswise)}), on the other half of other sound."
    )


def _confidence_table(choice: Choice) -> list[str]:
    lines = ["| sound | minutes | windows | named | right of the named |", "|---|---|---|---|---|"]
    for name, streams in {"the model's classes": choice.scenes, **by_name(choice.others)}.items():
        found = rates(streams)
        right = "" if found["right"] is None else f"{found['right']:.1%}"
        minutes = sum(s.seconds for s in streams) / 60
        lines.append(f"| {name} | {minutes:.1f} | {found['windows']} | {found['value']:.1%} | {right} |")
    return lines
