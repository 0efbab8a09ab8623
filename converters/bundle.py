"""A training run's folder -> a model bundle: ``model.tflite``, ``stream.tflite``, ``manifest.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Graph
from converters.trained_run import open_run
from edge.frontend.config import FrontendConfig
from edge.manifest import Decision, Licence, Manifest, OperatingPoint, Quantization, Scene, Stream, file_entry

if TYPE_CHECKING:
    import torch

SCORES = Quantization(1 / 256, -128)
AGREEMENT_CLIPS = 256
"""Calibration clips on which int8 and float answers are compared."""


@dataclass(frozen=True)
class Run:
    """What ``nuthatch train`` leaves: the network, its recipe and real features."""

    folder: Path
    network: torch.nn.Module
    state: dict[str, Any]
    calibration: np.ndarray
    """int8 [N, T, F]"""

    @property
    def recipe(self) -> dict[str, Any]:
        recipe: dict[str, Any] = self.state["recipe"]
        return recipe

    @property
    def frontend(self) -> FrontendConfig:
        return FrontendConfig(**self.recipe["frontend"])


def load_run(folder: Path) -> Run:
    """Raises ConvertError when the folder holds no finished run."""

    def sizes(recipe: dict[str, Any]) -> tuple[int, int]:
        return FrontendConfig(**recipe["frontend"]).bands, int(recipe["window_frames"])

    network, state, features = open_run(folder, sizes)
    return Run(folder, network, state, features)


@dataclass(frozen=True)
class Converted:
    """The graphs of a run and how well int8 keeps the float answers."""

    float_graph: Graph
    graph: Graph
    step: Graph | None
    facts: dict[str, Any]


def convert_run(
    run: Run, step_frames: int | None, qat_epochs: int = 0, say: Callable[[str], None] = lambda _: None
) -> Converted:
    """``step_frames`` of 0 makes no step graph, None takes the recipe's."""
    from converters.passes import simplify
    from converters.passes.stream import stream
    from converters.quantize.distil import distil
    from converters.quantize.observe import observe
    from converters.quantize.qat import QatNetwork
    from converters.trace import trace

    scale = float(run.state["input_scale"])
    traced = simplify(trace(run.network, run.frontend.bands, run.recipe["window_frames"]))
    network = QatNetwork(traced, observe(traced, run.calibration, scale))
    network.eval()
    if qat_epochs:
        losses = distil(network, run.network, run.calibration, scale, qat_epochs)
        say(f"fine-tuned {qat_epochs} epochs: divergence {losses[0]:.5f} -> {losses[-1]:.5f}")
    graph = network.export()
    step_frames = int(run.recipe.get("step_frames", 1)) if step_frames is None else step_frames
    try:
        step = stream(graph, step_frames) if step_frames else None
    except ConvertError as e:
        raise ConvertError(f"{e}; or make no stream: --step-frames 0") from None
    facts = _facts(run, graph, step, qat_epochs) | {"int8_agreement": _agreement(run, network, scale)}
    return Converted(traced, graph, step, facts)


def _facts(run: Run, graph: Graph, step: Graph | None, qat_epochs: int) -> dict[str, Any]:
    # What the recipe says of data lies in the run's facts already; paths stay where they are.
    facts = {**run.state.get("facts", {}), "model": run.recipe["model"], "quantization": "ptq"}
    if qat_epochs:
        facts |= {"quantization": "qat", "qat_epochs": qat_epochs}
    facts |= {"parameters": graph.parameters(), "macs": graph.macs()}
    return facts | ({"macs_per_step": step.macs()} if step else {})


def _agreement(run: Run, network: torch.nn.Module, scale: float) -> float:
    """Share of calibration clips to which int8 gives the float network's label."""
    import torch

    features = run.calibration[:AGREEMENT_CLIPS].astype(np.float32) * scale
    x = torch.tensor(features).permute(0, 2, 1)[:, None]
    with torch.no_grad():
        same = network(x).argmax(-1) == run.network(x).argmax(-1)
    return round(float(same.float().mean()), 4)


def make_bundle(
    folder: Path,
    out: Path,
    name: str | None = None,
    step_frames: int | None = None,
    qat_epochs: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Converts the run in ``folder`` and writes the bundle into ``out``."""
    from converters import portrait
    from converters.emit.tflite import emit

    if portrait.is_run(folder):
        if step_frames:
            raise ConvertError(f"{folder}: a run of pictures, which has no stream; go without --step-frames")
        return portrait.make_bundle(folder, out, name, qat_epochs, say)
    run = load_run(folder)
    converted = convert_run(run, step_frames, qat_epochs, say)
    files = {"model.tflite": emit(converted.graph)}
    if converted.step is not None:
        files["stream.tflite"] = emit(converted.step)
    out.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (out / file).write_bytes(content)
    if converted.step is None:
        (out / "stream.tflite").unlink(missing_ok=True)
    manifest = _manifest(run, converted, name or out.resolve().name, out, list(files))
    problem = next(manifest.problems(), None)
    if problem:
        raise ConvertError(f"{folder}: {problem}; mend the recipe and train again")
    manifest.write(out)
    return manifest


def _manifest(run: Run, converted: Converted, name: str, out: Path, files: list[str]) -> Manifest:
    state, recipe, stream = run.state, run.recipe, _stream(converted)
    return Manifest(
        name=name,
        labels=list(state["labels"]),
        targets=list(state["targets"]),
        frontend=run.frontend,
        window_frames=int(recipe["window_frames"]),
        input=Quantization(float(state["input_scale"]), 0),
        output=SCORES,
        files={f: file_entry(out / f) for f in files},
        task=str(state.get("task", "keyword")),
        description=str(recipe.get("description", "")),
        stream=stream,
        scene=_scene(recipe) if state.get("task") == "scene" else None,
        decision=_decision(recipe.get("decision", {}), stream, run.frontend.hop_ms),
        operating_points=[OperatingPoint(**p) for p in state.get("operating_points", [])],
        evidence=_plain(state.get("evidence", [])),
        licences=[Licence(**licence) for licence in state.get("licences", [])],
        training=_plain(converted.facts),
    )


def _decision(options: dict[str, Any], stream: Stream | None, hop_ms: int) -> Decision:
    """The recipe's `smoothing_ms` in steps of the stream that was made; the rest as it is."""
    options = dict(options)
    smoothing_ms = options.pop("smoothing_ms", None)
    if smoothing_ms and stream:
        options["window_steps"] = max(1, round(smoothing_ms / (stream.step_frames * hop_ms)))
    try:
        return Decision(**options)
    except TypeError as e:
        raise ConvertError(f"[decision] {e}; mend the recipe and train again") from None


def _scene(recipe: dict[str, Any]) -> Scene:
    """The recipe's; without one, windows that overlap by three quarters."""
    try:
        return Scene(**{"hop_frames": max(1, int(recipe["window_frames"]) // 4), **recipe.get("scene", {})})
    except TypeError as e:
        raise ConvertError(f"[scene] {e}; mend the recipe and train again") from None


def _plain(value: Any) -> Any:
    """The value as JSON holds it."""
    return json.loads(json.dumps(value, default=str))


def _stream(converted: Converted) -> Stream | None:
    from converters.passes.stream import state_bytes, warmup_frames

    step = converted.step
    if step is None:
        return None
    frames = step[step.inputs[0]].shape[TIME]
    return Stream(frames, warmup_frames(converted.graph, frames), state_bytes(step))
