"""A recipe of portraits: what `recipes/portrait.toml` may say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from training.data.compositor import Compose
from training.recipe import Fit


@dataclass(frozen=True)
class Backgrounds:
    """A folder of pictures without people that stands beside the data, and its licence."""

    folder: str
    licence: str = ""
    origin: str = ""
    without: tuple[str, ...] = ()
    """Folders in it that do show people."""


@dataclass(frozen=True)
class More:
    """A further folder with img/ and mask/ that stands beside the data: learnt from only, never watched."""

    folder: str
    licence: str = ""
    origin: str = ""
    repeats: float = 1.0
    """How often an epoch takes each of its pictures."""


@dataclass(frozen=True)
class Data:
    """What the network learns from, beside the folder given on the command line."""

    licence: str = ""
    origin: str = ""
    parts: tuple[str, ...] = ("train",)
    """Parts of the split by name to learn from."""
    salt: str = ""
    repeats: float = 8.0
    """How often an epoch takes each person, each time drawn anew."""
    composed: float = 0.6
    """Share of the examples that are made by the compositor."""
    backgrounds: tuple[Backgrounds, ...] = ()
    more: tuple[More, ...] = ()
    workers: int = 0
    """Threads that make examples; 0: as many as torch has."""

    @property
    def beside(self) -> tuple[Backgrounds | More, ...]:
        """All folders that are looked for beside the data."""
        return (*self.backgrounds, *self.more)


@dataclass(frozen=True)
class Recipe:
    """All of it. `encoder` is the first stage, `fit` the second."""

    name: str
    task: str
    model: dict[str, Any]
    height: int = 128
    width: int = 128
    seed: int = 0
    description: str = ""
    boundary_weight: float = 0.5
    data: Data = field(default_factory=Data)
    compose: Compose = field(default_factory=Compose)
    encoder: Fit = field(default_factory=Fit)
    fit: Fit = field(default_factory=Fit)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
