"""A model's card: the manifest as text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edge.manifest import Bundle, Manifest, OperatingPoint


def card(bundle: Bundle) -> str:
    """Several lines, without the last line's end."""
    manifest = bundle.manifest
    lines = [f"{manifest.name}  {manifest.description}".rstrip(), f"folder      {bundle.folder}"]
    lines += _picture(manifest) if manifest.picture is not None else _network(manifest)
    lines += [f"{name:<16}{f.bytes:,} B  sha256 {f.sha256[:16]}" for name, f in sorted(manifest.files.items())]
    lines += [f"operating point {_point(p)}" for p in manifest.operating_points]
    if not manifest.operating_points and manifest.picture is None:
        lines.append("no operating point")
    lines += [f"evidence    {_pairs(e)}" for e in manifest.evidence]
    lines += [f"costs       {_pairs(c)}" for c in manifest.costs]
    lines += [f"data        {x.data}, {x.licence}  {x.source}".rstrip() for x in manifest.licences]
    return "\n".join(lines)


def _network(manifest: Manifest) -> Iterator[str]:
    frontend, decision = manifest.frontend, manifest.decision
    yield f"targets     {', '.join(manifest.targets)}"
    yield f"labels      {', '.join(manifest.labels)}"
    yield (
        f"front end   {frontend.bands} bands, {frontend.window_ms} ms every {frontend.hop_ms} ms, "
        f"{frontend.low_hz} to {frontend.high_hz} Hz at {frontend.sample_rate_hz:,} Hz, hash {frontend.hash}"
    )
    yield f"window      {manifest.window_frames} frames ({manifest.window_frames * frontend.hop_ms} ms)"
    if manifest.stream is not None:
        yield (
            f"stream      a step of {manifest.stream.step_frames} frames ({manifest.step_ms} ms), "
            f"{manifest.stream.state_bytes:,} B of state, warm after {manifest.stream.warmup_frames} frames"
        )
    if (scene := manifest.scene) is not None:
        yield (
            f"scene       every {scene.hop_frames * frontend.hop_ms} ms the mean of {scene.smooth_windows} windows, "
            f"entered at {scene.enter:g}, left below {scene.leave:g}"
        )
        return
    yield (
        f"decision    mean of {decision.window_steps} steps, "
        f"{decision.refractory_ms} ms refractory, release at {decision.release:g} of the threshold"
    )


def _picture(manifest: Manifest) -> Iterator[str]:
    """Of a model that sees: a front end and a decision for sound would say nothing."""
    picture, training = manifest.picture, manifest.training
    assert picture is not None
    yield f"targets     {', '.join(manifest.targets)}"
    yield f"picture     {picture.width} x {picture.height} pixels, RGB, at most {picture.rate_hz:g} a second"
    yield f"mask        {picture.width} x {picture.height} probabilities"
    yield f"presence    from {picture.presence:.1%} of the picture on"
    if "macs" in training:
        parameters, macs = training.get("parameters", 0), training["macs"]
        yield f"network     {parameters:,} parameters, {macs:,} multiply-accumulates a picture"


def _point(point: OperatingPoint) -> str:
    thresholds = ", ".join(f"{label} {value:.4g}" for label, value in point.thresholds.items())
    text = f"{point.name}: {thresholds}"
    if point.false_accepts_per_hour is not None:
        hours = "" if point.hours is None else f" over {point.hours:.3g} h"
        text += f"; false accepts {point.false_accepts_per_hour:.3g} per hour"
        text += _interval(point.false_accepts_interval, "", ".3g") + hours
    if point.miss_rate is not None:
        trials = "" if point.trials is None else f" in {point.trials:,} trials"
        text += f"; misses {point.miss_rate:.2%}" + _interval(point.miss_interval, "", ".2%") + trials
    return f"{text}; {point.conditions}" if point.conditions else text


def _interval(interval: list[float] | None, before: str, form: str) -> str:
    return "" if interval is None else f"{before} [{', '.join(format(v, form) for v in interval)}]"


def _pairs(record: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v if isinstance(v, str) else json.dumps(v)}" for k, v in record.items())
