"""Networks that find people, on the same pictures that none of ours learnt from; and what one picture takes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.manifest import Bundle
from training.data.audio import DataError
from training.data.portraits import Picture, resized
from training.data.pseudo_masks import open_segmenter
from training.evaluate.portrait import Material, Segmenter, bundle_segmenter, figures, masks_of, material
from training.evaluate.segmentation import band_iou, interval, iou
from training.evaluate.trial import merged_evidence

OURS, FLOAT, SINET, SELFIE = "nuthatch, int8", "nuthatch, float", "SINet, authors' weights", "MediaPipe selfie"
WEIGHTS, SELFIE_FILE = ("sinet_portrait.pth", "SINet.pth"), "selfie_segmentation.tflite"
ROUNDS, CALLS = 40, 5
INT8_BAR, LATENCY_BAR = 0.01, 1.5


@dataclass(frozen=True)
class Found:
    """One network's masks on all pictures."""

    name: str
    masks: list[np.ndarray]
    """Each bool [224, 224]."""


def compare(
    bundle: Bundle, pictures: Path, rivals: Path | None, run: Path | None, split: str, say: Callable[[str], None]
) -> dict[str, Any]:
    """IoU of each, differences from ours picture by picture, microseconds. Raises DataError."""
    seen = material(pictures, split, bundle.manifest.training)
    for fault, of in seen.files.items():
        say(f"{of['pictures']} pictures: {fault}; the first: {of['first']}")
    known = set(str(bundle.manifest.training.get("sources", "")).split())
    segmenters = {OURS: bundle_segmenter(bundle)}
    if run:
        segmenters[FLOAT] = run_segmenter(run, bundle.manifest.training)
    segmenters |= _rivals(rivals, say) if rivals else {}
    found = [Found(name, masks_of(s, seen.pictures)) for name, s in segmenters.items()]
    return {
        "model": bundle.manifest.name,
        "data": pictures.resolve().name,
        "split": split,
        "pictures": len(seen.names),
        "learnt_from": sum(d in known for d in seen.digests) if known else None,
        "networks": {f.name: figures(f.masks, seen) for f in found},
        "differences": {f.name: difference(found[0].masks, f.masks, seen) for f in found[1:]},
        "microseconds": latency(bundle, rivals and rivals / SELFIE_FILE),
    }


def _rivals(folder: Path, say: Callable[[str], None]) -> dict[str, Segmenter]:
    """Those whose files are there."""
    found: dict[str, Segmenter] = {}
    weights = next((folder / n for n in WEIGHTS if (folder / n).is_file()), None)
    if weights:
        found[SINET] = authors_segmenter(weights)
    if (folder / SELFIE_FILE).is_file():
        found[SELFIE] = open_segmenter(folder / SELFIE_FILE)
    if not found:
        raise DataError(f"{folder}: none of {', '.join((*WEIGHTS, SELFIE_FILE))} in it; give the folder of the rivals")
    for name in (SINET, SELFIE):
        if name not in found:
            say(f"{name}: not in {folder}, goes without it")
    return found


def authors_segmenter(weights: Path) -> Segmenter:
    """SINet as published: BGR at 224 x 224, normalized as its authors do."""
    import torch

    from training.sinet_weights import MEAN_BGR, SIZE, STD_BGR, published

    net = published(weights)
    mean, std = np.array(MEAN_BGR, np.float32), np.array(STD_BGR, np.float32)

    @torch.no_grad()
    def segment(rgb: np.ndarray) -> np.ndarray:
        bgr = _squeezed(rgb, SIZE, SIZE)[..., ::-1].astype(np.float32)
        x = (bgr - mean) / std / 255
        logits = net(torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None])
        probability: np.ndarray = logits.softmax(1)[0, 1].numpy()
        return probability

    return segment


def run_segmenter(run: Path, training: Mapping[str, Any]) -> Segmenter:
    """The float network that a training run kept; refuses one that the bundle of these facts was not made of."""
    import torch

    from training.models import build
    from training.portrait import predict

    try:
        state = torch.load(run / "model.pt", weights_only=True, map_location="cpu")
        recipe, facts = state["recipe"], state["facts"]
        net = build(recipe["model"], len(state["labels"]), recipe["height"], recipe["width"])
        net.load_state_dict(state["state_dict"])
    except Exception as e:  # torch raises a different type for every way a file can be broken
        raise DataError(
            f"{run}: not a run that can be read ({type(e).__name__}); finish it with nuthatch train"
        ) from None
    # The converter counts parameters anew.
    other = [k for k, v in facts.items() if k != "parameters" and training.get(k, v) != v]
    if other:
        raise DataError(f"{run}: the run of another network ({other[0]} differs); give the one that was converted")
    net.eval()
    return lambda rgb: np.asarray(predict(net, _squeezed(rgb, recipe["height"], recipe["width"])[None])[0])


def _squeezed(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    return resized(Picture(rgb, np.zeros(rgb.shape[:2], bool)), height, width).rgb


def difference(ours: Sequence[np.ndarray], other: Sequence[np.ndarray], seen: Material) -> dict[str, Any]:
    """Ours minus the other, picture by picture, with 95 % bootstrap intervals over pictures."""
    whole = [iou(a, t) - iou(b, t) for a, b, t in zip(ours, other, seen.masks, strict=True)]
    pairs = [(band_iou(a, t), band_iou(b, t)) for a, b, t in zip(ours, other, seen.masks, strict=True)]
    edge = [a - b for a, b in pairs if a is not None and b is not None]
    result: dict[str, Any] = {"iou": round(float(np.mean(whole)), 5), "interval": _rounded(whole)}
    return result | (
        {"boundary_iou": round(float(np.mean(edge)), 5), "boundary_interval": _rounded(edge)} if edge else {}
    )


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(v, 5) for v in interval(values)]


def latency(bundle: Bundle, selfie: Path | None) -> dict[str, float]:
    """Best time of one picture in LiteRT, one thread, both turn by turn; microseconds and their ratio."""
    calls = {OURS: _invoke(bundle.file("model.tflite"))}
    if selfie and selfie.is_file():
        calls[SELFIE] = _invoke(selfie)
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for _ in range(CALLS):
                start = time.perf_counter()
                call()
                best[name] = min(best[name], time.perf_counter() - start)
    found = {name: round(1e6 * s, 1) for name, s in best.items()}
    return found | ({"ratio": round(best[OURS] / best[SELFIE], 3)} if SELFIE in best else {})


def write(bundle: Bundle, result: dict[str, Any]) -> None:
    """Puts our own figures into the bundle's manifest: IoU as evidence, time as a cost."""
    ours, taken = result["networks"][OURS], result["microseconds"]
    note = f"{result['split']} pictures" + (f", {result['learnt_from']} learnt from" if result["learnt_from"] else "")
    entry = {
        "measure": "iou", "value": ours["iou"], "interval": ours["interval"], "boundary_iou": ours["boundary_iou"],
        "pictures": ours["pictures"], "data": result["data"], "conditions": note,
    }  # fmt: skip
    if FLOAT in result["networks"]:
        entry["float_iou"] = result["networks"][FLOAT]["iou"]
    cost: dict[str, Any] = {"what": "one picture, LiteRT, one thread, x86", "microseconds": taken[OURS]}
    if "ratio" in taken:
        cost["over_mediapipe_selfie"] = taken["ratio"]
    manifest = bundle.manifest
    evidence = merged_evidence(manifest.evidence, [entry])
    costs = [*(c for c in manifest.costs if c.get("what") != cost["what"]), cost]
    dataclasses.replace(manifest, evidence=evidence, costs=costs).write(bundle.folder)


def _invoke(path: Path) -> Callable[[], None]:
    from ai_edge_litert.interpreter import Interpreter

    from edge.runtime.litert import native_stderr_closed

    with native_stderr_closed():
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
        x = interpreter.get_input_details()[0]
        noise = np.random.default_rng(0).integers(0, 127, x["shape"])
        interpreter.set_tensor(x["index"], (noise / 127 if x["dtype"] == np.float32 else noise).astype(x["dtype"]))
        interpreter.invoke()
    invoke: Callable[[], None] = interpreter.invoke
    return invoke
