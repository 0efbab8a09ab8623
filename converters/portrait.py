"""A network that finds people in pictures -> a bundle: ``model.tflite`` and ``manifest.json``."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.graph import Graph
from converters.trained_run import open_run
from edge.frontend.config import FrontendConfig
from edge.manifest import Licence, Manifest, Picture, Quantization, file_entry

if TYPE_CHECKING:
    import torch

PROBABILITY = Quantization(1 / 256, -128)
"""Of the output int8 [1, H, W, 1]: the person's probability at each pixel."""
AGREEMENT_PICTURES = 16
BATCH = 8


@dataclass(frozen=True)
class Portrait:
    """A trained network and what its bundle says of it."""

    network: torch.nn.Module
    """float [B, 3, H, W] -> logits of background and person [B, 2, H, W]"""
    pictures: np.ndarray
    """int8 [N, H, W, 3]: pixels less 128, for calibration"""
    input_scale: float
    description: str = ""
    licences: list[dict[str, str]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def is_run(folder: Path) -> bool:
    """The folder holds a finished run of portraits."""
    recipe = folder / "recipe.json"
    try:
        return json.loads(recipe.read_text("utf-8")).get("task") == "portrait"
    except (OSError, ValueError, AttributeError):
        return False


def load_run(folder: Path) -> Portrait:
    """Raises ConvertError when the folder holds no finished run."""
    network, state, pictures = open_run(folder, lambda recipe: (recipe["height"], recipe["width"]))
    recipe = state["recipe"]
    facts = {**state["facts"], "model": recipe["model"]}
    scale, said = float(state["input_scale"]), str(recipe["description"])
    return Portrait(network, pictures, scale, said, state["licences"], state["evidence"], facts)


@dataclass(frozen=True)
class Converted:
    """The graph and how well int8 keeps the float answers."""

    graph: Graph
    facts: dict[str, Any]


def convert(portrait: Portrait, qat_epochs: int = 0, say: Callable[[str], None] = lambda _: None) -> Converted:
    """Int8 graph [1, H, W, 3] -> the person's probability [1, H, W, 1]."""
    from converters.quantize.observe import observe
    from converters.quantize.qat import QatNetwork
    from converters.trace_picture import simplify_picture, trace_picture
    from training.models.sinet import Mask

    mask = Mask(copy.deepcopy(portrait.network)).eval()  # type: ignore[arg-type]
    traced = simplify_picture(trace_picture(mask, *portrait.pictures.shape[1:3]))
    network = QatNetwork(traced, observe(traced, portrait.pictures, portrait.input_scale)).eval()
    facts: dict[str, Any] = {**portrait.facts, "quantization": "ptq"}
    if qat_epochs:
        losses = _distil(network, mask, portrait, qat_epochs)
        say(f"fine-tuned {qat_epochs} epochs: divergence {losses[0]:.5f} -> {losses[-1]:.5f}")
        facts |= {"quantization": "qat", "qat_epochs": qat_epochs}
    graph = network.export()
    facts |= {"parameters": graph.parameters(), "macs": graph.macs()}
    return Converted(graph, facts | {"int8_agreement": _agreement(graph, mask, portrait)})


def _inputs(portrait: Portrait) -> torch.Tensor:
    """float [N, 3, H, W]"""
    import torch

    return torch.tensor(portrait.pictures.astype(np.float32) * portrait.input_scale).permute(0, 3, 1, 2)


def _distil(network: torch.nn.Module, teacher: torch.nn.Module, portrait: Portrait, epochs: int) -> list[float]:
    """Fine-tunes with int8 in the loop towards the float probabilities; the mean divergence of each epoch."""
    import torch

    x, losses = _inputs(portrait), []
    with torch.no_grad():
        wanted = torch.cat([teacher(b) for b in x.split(BATCH)])  # [N, 1, H, W]
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)
    shuffle = torch.Generator().manual_seed(0)
    network.train()
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x), generator=shuffle).split(BATCH):
            # The network permutes [B, C, F, T] to [B, T, F, C], where rows are time.
            found = network(x[index].transpose(2, 3)).permute(0, 3, 1, 2).clamp(1 / 512, 1 - 1 / 512)
            target = wanted[index].clamp(1 / 512, 1 - 1 / 512)
            entropy = torch.nn.functional.binary_cross_entropy(target, target)
            loss = torch.nn.functional.binary_cross_entropy(found, target) - entropy
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(index)
        losses.append(total / len(x))
    network.eval()
    return losses


def _agreement(graph: Graph, mask: torch.nn.Module, portrait: Portrait) -> float:
    """Share of the pixels of some calibration pictures to which int8 gives the float network's answer."""
    import torch

    from converters.run import outputs

    x = _inputs(portrait)[:AGREEMENT_PICTURES]
    with torch.no_grad():
        wanted = torch.cat([mask(b) for b in x.split(BATCH)])[:, 0].numpy() > 0.5
    found = [outputs(graph, [p[None]])[0][0, ..., 0] > 0 for p in portrait.pictures[:AGREEMENT_PICTURES]]
    return round(float((np.stack(found) == wanted).mean()), 4)


def make_bundle(
    folder: Path, out: Path, name: str | None = None, qat_epochs: int = 0, say: Callable[[str], None] = lambda _: None
) -> Manifest:
    """Converts the run in ``folder`` and writes the bundle into ``out``."""
    return write_bundle(load_run(folder), out, name, qat_epochs, say)


def write_bundle(
    portrait: Portrait,
    out: Path,
    name: str | None = None,
    qat_epochs: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Converts the network and writes the bundle into ``out``."""
    from converters.emit.tflite import emit

    converted = convert(portrait, qat_epochs, say)
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.tflite").write_bytes(emit(converted.graph))
    manifest = Manifest(
        name=name or out.resolve().name,
        labels=["background", "person"],
        targets=["person"],
        frontend=FrontendConfig(),
        window_frames=1,
        input=Quantization(portrait.input_scale, 0),
        output=PROBABILITY,
        files={"model.tflite": file_entry(out / "model.tflite")},
        task="portrait",
        description=portrait.description,
        picture=Picture(*portrait.pictures.shape[1:3]),
        evidence=portrait.evidence,
        licences=list(dict.fromkeys(Licence(**licence) for licence in portrait.licences)),
        training=json.loads(json.dumps(converted.facts, default=str)),
    )
    manifest.write(out)
    return manifest
