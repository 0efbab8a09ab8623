"""`nuthatch evaluate`: accuracy of labelled clips; misses and false accepts of a stream."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.manifest import Bundle

SPLITS = ("test", "validation", "all")


def evaluate(
    model: Annotated[str, typer.Argument(help="Bundled model's name, a bundle's folder, or a .tflite file in one")],
    data: Annotated[
        Path | None,
        typer.Option(help="Clips, one folder a label: gives the accuracy; or pictures, img/ and mask/: IoU"),
    ] = None,
    split: Annotated[str, typer.Option(help="Part of --data: test, validation or all")] = "all",
    stream: Annotated[Path | None, typer.Option(help="A long recording: gives misses and false accepts")] = None,
    labels: Annotated[Path | None, typer.Option(help="JSON lines: the keywords in --stream")] = None,
    keyword: Annotated[
        Path | None, typer.Option(help="Folder of keyword clips: builds the streams, calibrates, reports")
    ] = None,
    background: Annotated[list[Path] | None, typer.Option(help="Folder of other speech; may be repeated")] = None,
    unseen: Annotated[
        list[Path] | None,
        typer.Option(help="Background that no training saw: all is used; may be repeated"),
    ] = None,
    noise: Annotated[list[Path] | None, typer.Option(help="Folder of noise; may be repeated")] = None,
    snr: Annotated[list[float] | None, typer.Option(help="Noise level in dB beside clean; may be repeated")] = None,
    hours: Annotated[float | None, typer.Option(help="At most this long a stream")] = None,
    label: Annotated[str | None, typer.Option(help="Which of the model's targets; the first one otherwise")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.001, max=1.0, help="This threshold; nothing is calibrated")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0.001, help="False accepts per hour: takes the lowest threshold within it"),
    ] = None,
    point: Annotated[str, typer.Option(help="Name of the operating point that --write makes")] = "default",
    write: Annotated[bool, typer.Option("--write", help="Put the results into the bundle's manifest")] = False,
    seed: Annotated[int, typer.Option(help="Of the streams' layout")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for result.json and pictures")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout")] = False,
) -> None:
    """Measure a model: --data for accuracy, --stream or --keyword for misses and false accepts."""
    chosen = [name for name, value in (("data", data), ("stream", stream), ("keyword", keyword)) if value]
    if len(chosen) != 1:
        raise typer.BadParameter("give one of --data, --stream, --keyword")
    if split not in SPLITS:
        raise typer.BadParameter(f"{split!r} is none of {', '.join(SPLITS)}", param_hint="--split")
    from edge.manifest import open_bundle

    bundle = open_bundle(model)
    require_writable(*([out] if out else []), *([bundle.folder] if write else []))
    if data and bundle.manifest.picture is not None:
        result = _portrait(bundle, data, split, write)
    elif data:
        result = _accuracy(bundle, data, split, out, write)
    elif stream:
        result = _stream(bundle, stream, labels, label, threshold, out)
    else:
        assert keyword
        from training.evaluate.material import Folders
        from training.evaluate.stream import Rules

        folders = Folders(keyword, tuple(background or ()), tuple(noise or ()), tuple(unseen or ()))
        fixed = None if budget else threshold or _threshold(bundle, label)
        rules = Rules(hours=hours)
        wanted = (label, fixed, budget or 1.0, point)
        result = _trial(bundle, folders, snr or [], rules, *wanted, write, seed, out)
    if out:
        (out / "result.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result) if as_json else _text(result))


def require_writable(*folders: Path) -> None:
    """Before the work, not after it."""
    from training.data.audio import DataError

    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise DataError(f"{folder}: {e.strerror}; give a folder that can be written") from None
        if not os.access(folder, os.W_OK):
            raise DataError(f"{folder}: cannot be written; give another folder or change its permissions")


def _accuracy(bundle: Bundle, data: Path, split: str, out: Path | None, write: bool) -> dict[str, Any]:
    import dataclasses

    from edge.frontend import features
    from edge.runtime.litert import LiteRtModel
    from training.evaluate import plot
    from training.evaluate.accuracy import PARTS, accuracy, clips
    from training.evaluate.material import refuse_trained, split_name
    from training.evaluate.trial import merged_evidence

    manifest = bundle.manifest
    if split != "all":
        refuse_trained(manifest.training, PARTS[split])
    if manifest.task == "scene":
        result = _scene(bundle, data, split)
    else:
        network = LiteRtModel(bundle.file("model.tflite"))
        result = accuracy(
            clips(data, manifest.labels, split, split_name(manifest.training)),
            manifest.labels,
            lambda audio: network.run(features(audio, manifest.frontend)),
            manifest.frontend.samples(manifest.window_frames),
        )
    if out:
        plot.confusion(result, out / "confusion.png")
        plot.speakers(result, out / "speakers.png")
    if write:
        kept = {
            "value" if k == "accuracy" else k: result[k] for k in ("accuracy", "interval", "clips", _clusters(result))
        }
        learnt = (result.get("learnt_from") or {}).get("clips")
        note = f"{split} clips" + (f", {learnt} of them learnt from" if learnt else "")
        entry = {"measure": "accuracy", **kept, "data": data.resolve().name, "conditions": note}
        evidence = merged_evidence(manifest.evidence, [entry])
        dataclasses.replace(manifest, evidence=evidence).write(bundle.folder)
    return result


def _clusters(result: dict[str, Any]) -> str:
    """What the interval draws: of scenes recordings, also those whose name tells nobody; of words who speaks."""
    return "sources" if "sources" in result else "speakers"


def _portrait(bundle: Bundle, data: Path, split: str, write: bool) -> dict[str, Any]:
    import dataclasses

    from training.evaluate import portrait
    from training.evaluate.trial import merged_evidence

    result = portrait.measure(bundle, data, split)
    for line in portrait.remarks(result):
        typer.echo(line, err=True)
    if write:
        kept = {"value" if k == "iou" else k: result[k] for k in ("iou", "interval", "boundary_iou", "pictures")}
        note = f"{split} pictures" + (f", {result['learnt_from']} of them learnt from" if result["learnt_from"] else "")
        entry = {"measure": "iou", **kept, "data": data.resolve().name, "conditions": note}
        evidence = merged_evidence(bundle.manifest.evidence, [entry])
        dataclasses.replace(bundle.manifest, evidence=evidence).write(bundle.folder)
    return result


def _scene(bundle: Bundle, data: Path, split: str) -> dict[str, Any]:
    from training.evaluate import scene

    result = scene.measure(bundle, data, split)
    for line in scene.remarks(result):
        typer.echo(line, err=True)
    return result


def _target(bundle: Bundle, label: str | None) -> str:
    from edge.manifest import BundleError
    from training.evaluate.track import check_target

    if not bundle.manifest.targets:
        raise BundleError(f"{bundle.manifest.name}: has no target that makes events; use --data")
    target = label or bundle.manifest.targets[0]
    check_target(bundle.manifest, target)
    return target


def _threshold(bundle: Bundle, label: str | None) -> float | None:
    """The bundle's own, where it has an operating point for the target."""
    points = bundle.manifest.operating_points
    return points[0].thresholds.get(_target(bundle, label)) if points else None


def _stream(
    bundle: Bundle,
    audio: Path,
    labels: Path | None,
    label: str | None,
    threshold: float | None,
    out: Path | None,
) -> dict[str, Any]:
    from training.data.audio import RATE_HZ, read_audio
    from training.evaluate import plot
    from training.evaluate.detection import measure, sweep
    from training.evaluate.stream import read_labels
    from training.evaluate.track import bundle_track

    target = _target(bundle, label)
    if labels is None:
        raise typer.BadParameter("--stream wants --labels, the JSON lines beside it", param_hint="--labels")
    trials = [x for x in read_labels(labels) if x.label == target]
    samples = read_audio(audio)
    hours = len(samples) / RATE_HZ / 3600
    track = bundle_track(bundle, samples, target)
    point = measure(track, trials, hours, threshold or _threshold(bundle, label) or 0.5)
    curve = sweep(track, trials, hours)
    if out:
        plot.det({target: curve}, out / "det.png", {target: point})
    return {"label": target, **point.as_json(), "det": [p.as_json() for p in curve]}


def _trial(
    bundle: Bundle,
    folders: Any,
    snrs_db: list[float],
    rules: Any,
    label: str | None,
    threshold: float | None,
    budget: float,
    name: str,
    write: bool,
    seed: int,
    out: Path | None,
) -> dict[str, Any]:
    """Build, calibrate unless there is a threshold, report on the test part."""
    from training.evaluate import plot
    from training.evaluate.material import load, refuse_trained, split_name
    from training.evaluate.track import bundle_track
    from training.evaluate.trial import calibrate, report, streams, with_operating_point

    target, split = _target(bundle, label), split_name(bundle.manifest.training)
    refuse_trained(bundle.manifest.training, "test", *(["calibration"] if threshold is None else []))

    def detector(audio: Any) -> Any:
        return bundle_track(bundle, audio, target)

    calibrated = threshold is None
    if threshold is None:
        material = load(folders, target, "calibration", split)
        threshold, doubt = calibrate(detector, streams(material, snrs_db, rules, seed), budget)
        if doubt:
            typer.echo(f"calibration: {doubt}", err=True)
    results = report(detector, streams(load(folders, target, "test", split), snrs_db, rules, seed), threshold)
    if write:
        with_operating_point(bundle.manifest, target, name, results, folders.names).write(bundle.folder)
    if out:
        plot.det(
            {r.conditions: r.sweep for r in results},
            out / "det.png",
            {r.conditions: r.point for r in results},
        )
    return {
        "label": target,
        "threshold": threshold,
        "budget": budget if calibrated else None,
        "results": [r.as_json() for r in results],
        "det": {r.conditions: [p.as_json() for p in r.sweep] for r in results} if out else {},
    }


def _text(result: dict[str, Any]) -> str:
    """The same for a reader."""
    if "iou" in result:
        from training.evaluate import portrait

        return portrait.text(result)
    if "accuracy" in result:
        low, high = result["interval"]
        lines = [
            f"accuracy {result['accuracy']:.2%} [{low:.2%}, {high:.2%}], {result['clips']:,} clips, "
            f"{result[_clusters(result)]:,} speakers or sources"
        ]
        return "\n".join(
            lines + [f"  {k:<14} {v['accuracy']:.1%} of {v['clips']}" for k, v in result["per_class"].items()]
        )
    rows = result.get("results") or [{"conditions": "stream", **result}]
    return "\n".join([f"{result['label']} at threshold {result['threshold']:g}", *map(_row, rows)])


def _row(row: dict[str, Any]) -> str:
    low, high = row["miss_interval"]
    least, most = row["false_accepts_interval"]
    missed = "no trials" if row["miss_rate"] is None else f"{row['miss_rate']:.1%} [{low:.1%}, {high:.1%}]"
    delay = (
        ""
        if row["delay_median_s"] is None
        else (f"; delay {row['delay_median_s'] * 1000:.0f} ms, p95 {row['delay_p95_s'] * 1000:.0f} ms")
    )
    return (
        f"  {row['conditions']:<8} misses {missed} of {row['trials']}; false accepts per hour "
        f"{row['false_accepts_per_hour']:.2f} [{least:.2f}, {most:.2f}] in {row['hours']:.2f} h{delay}"
    )
