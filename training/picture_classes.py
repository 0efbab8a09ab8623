"""An encoder that learns to tell things apart before it learns where people are.

Masks are few, pictures in class folders are not: what both need, edges, textures and parts, is learnt from these.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from training.augment.portrait_light import light
from training.data.class_folders import label_of
from training.data.compositor import crop
from training.data.portraits import read_pictures
from training.fit import Loss, fit
from training.keyword import Folders
from training.losses.keyword import KeywordLoss
from training.models.sinet import Encoder, network_input
from training.portrait_recipe import Pictures, Recipe
from training.recipe import Fit

SIZE = 96
"""Pixels of a side: as many as pictures of things have here; an encoder's weights suit any size."""


@dataclass
class ClassExamples:
    """The lesson: windows of pictures, each with its class."""

    pictures: list[np.ndarray]
    labels: np.ndarray
    """int [N]"""
    names: list[str]
    seed: int = 0
    workers: int = 1

    @property
    def weights(self) -> np.ndarray:
        """As often as the root of its class's size allows: between every picture and every class alike."""
        weight = 1 / np.sqrt(np.bincount(self.labels)[self.labels])
        return np.asarray(weight * len(weight) / weight.sum())

    def draw(self, k: int) -> None:
        return None

    def picture(self, index: int, repeat: int, epoch: int) -> np.ndarray:
        """uint8 [SIZE, SIZE, 3]"""
        rng = np.random.default_rng((self.seed, index, repeat, epoch))
        return light(rng, np.ascontiguousarray(crop(rng, self.pictures[index], (SIZE, SIZE))), 0.3)

    def batch(self, draws: Any, rows: np.ndarray, epoch: int) -> tuple[torch.Tensor, ...]:
        """float [B, 3, SIZE, SIZE], class int [B], no words."""
        with ThreadPoolExecutor(max(1, self.workers)) as pool:
            made = list(pool.map(lambda row: self.picture(int(row[0]), int(row[1]), epoch), rows))
        labels = torch.from_numpy(self.labels[rows[:, 0]]).long()
        return network_input(np.stack(made)), labels, torch.full_like(labels, -1)

    def trainee(self, net: nn.Module, options: Fit) -> nn.Module:
        return Trainee(net, len(self.names))

    def loss(self, net: nn.Module, options: Fit, teachers: list[nn.Module], device: torch.device) -> Loss:
        counts = np.bincount(self.labels, self.weights, len(self.names))
        return KeywordLoss(options, teachers, torch.from_numpy(counts / counts.sum()).float().to(device))


class Trainee(nn.Module):
    """The encoder with a head over the mean of its features; the head is not kept."""

    def __init__(self, net: nn.Module, classes: int):
        super().__init__()
        self.net = net
        self.head = nn.Linear(int(net.features), classes)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        features, _ = self.net.embed(x)  # type: ignore[operator]
        return self.head(features.mean((2, 3))), None


def learn_classes(
    encoder: Encoder, recipe: Recipe, folders: Folders, checkpoint: Path, say: Callable[[str], None],
    report: Callable[[int, int, dict[str, float]], None],
) -> list[Pictures]:  # fmt: skip
    """Trains in place, from where the checkpoint stands; returns the folders that were there.

    Without any of them the encoder stays as it is.
    """
    found = folders.find(recipe.data.classes, say)
    examples = gather(found, recipe.seed, recipe.data.workers or torch.get_num_threads(), say)
    if examples is None:
        return []
    say(f"{len(examples.pictures)} pictures of {len(examples.names)} classes")
    fit(encoder, examples, recipe.classes, recipe.seed + 2, checkpoint, report=report)
    encoder.train()
    return [source for source, _ in found]


def gather(
    found: list[tuple[Pictures, Path]], seed: int, workers: int, say: Callable[[str], None]
) -> ClassExamples | None:
    """The pictures of all folders; classes of one name are one. None for fewer than two classes."""
    files = [path for source, folder in found for path in source.files(folder)]
    read = list(read_pictures(files, lambda line: say(f"classes: {line}")))
    labels = [label_of(path.parent.name) for path, _ in read]
    names = sorted(set(labels))
    if len(names) < 2:
        return None
    return ClassExamples([rgb for _, rgb in read], np.array([names.index(n) for n in labels]), names, seed, workers)
