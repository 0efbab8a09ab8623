"""The parity ladder: the same features through every form of a model, and the first layer that differs.

torch float -> fake quantization -> int8 graph (numpy) -> TFLM -> LiteRT, and the step graph beside them.
From the int8 graph to TFLM everything is equal bit for bit, and the step graph equals the offline graph;
LiteRT's XNNPACK kernels round some values otherwise and are held to a tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Graph
from converters.interpreters import Judge, LiteRt, Tflm
from converters.ops.pad.op import Pad
from converters.ops.softmax.op import Softmax
from converters.ops.window import Windowed
from converters.read_tflite import parse, tensor_numbers
from converters.run import outputs, run_reference

if TYPE_CHECKING:
    from edge.manifest import Manifest

TOLERANCE = 16
"""Steps of 1/256 by which a score of LiteRT may differ: one step of a logit can be several of a score."""
FLOAT_TOLERANCE = 8
"""The same for the fake quantization, whose float sums meet a tie otherwise once in a while."""
STEPS = 24
"""Steps of the stream after it is warm."""


@dataclass(frozen=True)
class Rung:
    """One comparison with the int8 graph on the same features."""

    file: str
    name: str
    runs: int
    tolerance: int
    max_difference: int
    """Largest difference of any score, in 1/256."""
    same_label: float
    """Share of the runs whose highest score is at the same label."""
    first_difference: str = ""
    """The first layer that is not equal bit for bit, and by how much; '' when all are, or when not asked."""
    skipped: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.skipped) or self.max_difference <= self.tolerance


@dataclass(frozen=True)
class Subject:
    """A file and its graph."""

    name: str
    content: bytes
    graph: Graph

    @classmethod
    def read(cls, path: Path) -> Subject:
        try:
            content = path.read_bytes()
        except OSError as e:
            raise ConvertError(f"{path}: cannot be read ({e.strerror})") from None
        graph = parse(content, str(path))
        # LiteRT verifies every offset of the file at the start; TFLM trusts it and would crash.
        LiteRt(content)
        return cls(path.name, content, graph)


def random_features(count: int, frames: int, bands: int, seed: int = 0) -> np.ndarray:
    """int8 [N, T, F] that wanders as features of sound do, over the whole range."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 30, (count, frames, bands)) + rng.normal(0, 60, (count, frames, 1))
    return np.clip(np.cumsum(steps, 1) * 0.3 + rng.normal(0, 20, steps.shape), -128, 127).astype(np.int8)


def _compare(file: str, name: str, wanted: Sequence[np.ndarray], found: Sequence[np.ndarray], tolerance: int) -> Rung:
    a, b = (np.stack([r.reshape(-1) for r in rows]).astype(np.int64) for rows in (wanted, found))
    same = float((a.argmax(-1) == b.argmax(-1)).mean())
    return Rung(file, name, len(a), tolerance, int(np.abs(a - b).max()), same)


def first_difference(subject: Subject, judge: Judge, x: Sequence[np.ndarray]) -> str:
    """The first layer whose values are not the reference's; the judge must keep its tensors."""
    judge.run(x)
    numbers, values = tensor_numbers(subject.content), run_reference(subject.graph, x)
    for node in subject.graph:
        found = np.asarray(judge.tensor(numbers[node.name])).astype(np.int64)
        off = np.abs(found.reshape(-1) - values[node.name].astype(np.int64).reshape(-1))
        if off.any():
            count = f"{int((off > 0).sum())} of {off.size} values differ, by up to {off.max()}"
            return f"{node.name} ({node.op.builtin}): {count}"
    return ""


def judges() -> list[tuple[str, int, Callable[[Subject, bool], Judge] | None, str]]:
    """(name, tolerance, maker, why there is none)."""
    tflm = (lambda s, keep: Tflm(s.content, len(s.graph.outputs), keep)) if Tflm.available() else None
    return [
        ("TFLM", 0, tflm, "" if tflm else "tflite-micro is not installed: pip install tflite-micro (x86-64)"),
        ("LiteRT XNNPACK", TOLERANCE, lambda s, keep: LiteRt(s.content, keep=keep), ""),
        ("LiteRT reference", TOLERANCE, lambda s, keep: LiteRt(s.content, reference=True, keep=keep), ""),
    ]


def check_model(subject: Subject, features: np.ndarray, network: object = None) -> Iterator[Rung]:
    """The rungs of a whole-window graph on int8 features [N, T, F]."""
    windows = [f[None, ..., None] for f in features]
    wanted = [outputs(subject.graph, [w])[0] for w in windows]
    yield from _float_rungs(subject, features, wanted, network)
    for name, tolerance, make, missing in judges():
        if make is None:
            yield Rung(subject.name, name, 0, tolerance, 0, 1.0, skipped=missing)
            continue
        judge = make(subject, False)
        rung = _compare(subject.name, name, wanted, [judge.run([w])[0] for w in windows], tolerance)
        yield _located(rung, subject, make, windows)


def _located(rung: Rung, subject: Subject, make: Callable[[Subject, bool], Judge], windows: list[np.ndarray]) -> Rung:
    """The rung with the layer named where bits differ."""
    if rung.max_difference == 0:
        return rung
    judge = make(subject, True)
    found = next((d for w in windows if (d := first_difference(subject, judge, [w]))), "")
    return Rung(**{**vars(rung), "first_difference": found})


def _float_rungs(subject: Subject, features: np.ndarray, wanted: list[np.ndarray], network: object) -> Iterator[Rung]:
    try:
        import torch

        from converters.quantize.simulate import simulate
    except ImportError:
        yield Rung(subject.name, "fake quantization", 0, FLOAT_TOLERANCE, 0, 1.0, skipped="torch is not installed")
        return
    if subject.graph[subject.graph.outputs[0]].quantization is None:
        return
    scale = subject.graph[subject.graph.inputs[0]].q.scale
    x = torch.tensor(features.astype(np.float32) * scale).permute(0, 2, 1)[:, None]  # [N, 1, F, T]
    if network is not None:
        with torch.no_grad():
            scores = network(x).softmax(-1)  # type: ignore[operator]
        # No tolerance: this difference is the price of int8, to be judged by accuracy on data.
        yield _compare(subject.name, "torch float", wanted, _as_scores(scores.numpy()), 256)
    q = subject.graph[subject.graph.outputs[0]].q
    simulated = simulate(subject.graph, x).numpy()
    if isinstance(subject.graph.nodes[-1].op, Softmax) and (q.scale, q.zero_point) == (1 / 256, -128):
        yield _compare(subject.name, "fake quantization", wanted, _as_scores(simulated), FLOAT_TOLERANCE)


def _as_scores(probabilities: np.ndarray) -> list[np.ndarray]:
    return list(np.clip(np.rint(probabilities * 256) - 128, -128, 127)[:, None])


def padded_in_time(graph: Graph) -> bool:
    """Whether the start of a window is zeros to some layer, unlike the middle of a stream."""
    return any(
        (isinstance(n.op, Pad) and any(n.op.paddings[TIME])) or (isinstance(n.op, Windowed) and any(n.op.pads[:2]))
        for n in graph
    )


Step = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


def run_stream(step: Graph, run: Step, frames: np.ndarray) -> list[np.ndarray]:
    """Scores after each step over int8 frames [1, T, F, 1], from a reset on."""
    states = [np.full(step[n].shape, step[n].q.zero_point, np.int8) for n in step.inputs[1:]]
    size, rows = step[step.inputs[0]].shape[TIME], []
    for start in range(0, frames.shape[TIME] - size + 1, size):
        scores, *states = run([frames[:, start : start + size], *states])
        rows.append(scores)
    return rows


def check_stream(model: Subject, step: Subject, frames: np.ndarray) -> Iterator[Rung]:
    """The step graph against the offline graph, then its interpreters; frames int8 [1, T, F, 1]."""
    _require_states(step)
    window = model.graph[model.graph.inputs[0]].shape[TIME]
    size = step.graph[step.graph.inputs[0]].shape[TIME]
    rows = run_stream(step.graph, lambda x: outputs(step.graph, x), frames)
    ends = range(-(-window // size) * size, len(rows) * size + 1, size)
    name = "step graph = offline graph"
    if padded_in_time(model.graph):
        # Zeros at a window's start are the stream's past only right after a reset.
        ends, name = range(window, window + 1) if window % size == 0 else range(0), f"{name} after a reset"
    offline = [outputs(model.graph, [frames[:, e - window : e]])[0] for e in ends]
    if offline:
        yield _compare(step.name, name, offline, [rows[e // size - 1] for e in ends], 0)
    for judge_name, tolerance, make, missing in judges():
        if make is None:
            yield Rung(step.name, judge_name, 0, tolerance, 0, 1.0, skipped=missing)
            continue
        found = run_stream(step.graph, make(step, False).run, frames)
        yield _compare(step.name, judge_name, rows, found, tolerance)


def _require_states(step: Subject) -> None:
    g = step.graph
    before, after = ([g[n].shape for n in names[1:]] for names in (g.inputs, g.outputs))
    if before != after:
        raise ConvertError(f"{step.name}: {len(before)} states in, {len(after)} out, or of other shapes; convert again")


def check_bundle(
    folder: Path, manifest: Manifest, features: np.ndarray | None, count: int, network: object = None
) -> Iterator[Rung]:
    """All rungs of a bundle; random features where none are given."""
    if manifest.picture is not None:
        from converters.check_pictures import check_pictures

        yield from check_pictures(folder, manifest, count)
        return
    model = Subject.read(folder / "model.tflite")
    wanted = (1, manifest.window_frames, manifest.frontend.bands, 1)
    found = model.graph[model.graph.inputs[0]].shape
    if found != wanted:
        raise ConvertError(
            f"{folder}: model.tflite takes {list(found)}, the manifest says {list(wanted)}; convert again"
        )
    yield from check_model(model, _features(model, features, count), network)
    if manifest.stream is not None:
        step = Subject.read(folder / "stream.tflite")
        frames = manifest.stream.warmup_frames + STEPS * manifest.stream.step_frames
        yield from check_stream(model, step, _long(features, frames, wanted[2]))


def _features(model: Subject, features: np.ndarray | None, count: int) -> np.ndarray:
    shape = model.graph[model.graph.inputs[0]].shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] != 1:
        raise ConvertError(f"{model.name}: takes {list(shape)}; features are [1, frames, bands, 1]")
    if features is None:
        return random_features(count, shape[1], shape[2])
    if features.dtype != np.int8 or features.shape[1:] != shape[1:3]:
        raise ConvertError(
            f"features are {features.dtype} {list(features.shape)}; the model takes int8 [N, {shape[1]}, {shape[2]}]"
        )
    return features[:count]


def _long(features: np.ndarray | None, frames: int, bands: int) -> np.ndarray:
    """int8 [1, T, F, 1]: the clips one after the other."""
    clips = random_features(1, frames, bands, seed=1) if features is None else features
    rows = clips.reshape(-1, bands)
    return np.resize(rows, (frames, bands))[None, ..., None]


def check_file(path: Path, count: int) -> Iterator[Rung]:
    """The rungs of a lone ``.tflite``."""
    subject = Subject.read(path)
    if len(subject.graph.inputs) > 1:
        yield from _check_steps(subject)
        return
    yield from check_model(subject, _features(subject, None, count))


def _check_steps(step: Subject) -> Iterator[Rung]:
    """A step graph without its offline graph: the interpreters only."""
    _require_states(step)
    size, bands = step.graph[step.graph.inputs[0]].shape[1:3]
    frames = random_features(1, size * 2 * STEPS, bands)[..., None]
    rows = run_stream(step.graph, lambda x: outputs(step.graph, x), frames)
    for name, tolerance, make, missing in judges():
        if make is None:
            yield Rung(step.name, name, 0, tolerance, 0, 1.0, skipped=missing)
        else:
            yield _compare(step.name, name, rows, run_stream(step.graph, make(step, False).run, frames), tolerance)
