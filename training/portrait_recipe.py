"""A recipe of portraits: what `recipes/portrait.toml` may say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.data.compositor import Compose
from training.data.portraits import picture_files
from training.recipe import Fit, within


@dataclass(frozen=True)
class Pictures:
    """A folder of pictures that stands beside the data, and its licence."""

    folder: str
    licence: str = ""
    origin: str = ""
    without: tuple[str, ...] = ()
    """Folders in it that are left out: of backgrounds, those that do show people."""

    def files(self, folder: Path) -> list[Path]:
        """All pictures of it, at this path."""
        return [f for f in picture_files(folder) if not set(self.without) & set(f.relative_to(folder).parts)]


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
    own: float = 0.0
    """How often a background is what is beside the people of another picture to learn from."""
    degrees: float = 45.0
    """Up to which a picture is turned; published: 45."""
    backgrounds: tuple[Pictures, ...] = ()
    more: tuple[More, ...] = ()
    classes: tuple[Pictures, ...] = ()
    """Folders of class folders, whose classes the encoder learns to tell apart before it sees a mask."""
    workers: int = 0
    """Threads that make examples; 0: as many as torch has."""

    @property
    def beside(self) -> tuple[Pictures | More, ...]:
        """All folders that are looked for beside the data."""
        return (*self.backgrounds, *self.more, *self.classes)


@dataclass(frozen=True)
class Recipe:
    """All of it. `encoder` is the first stage, `fit` the second; `classes` goes before both."""

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
    classes: Fit = field(default_factory=lambda: Fit(epochs=0))
    encoder: Fit = field(default_factory=Fit)
    fit: Fit = field(default_factory=Fit)

    def __post_init__(self) -> None:
        within("boundary_weight", self.boundary_weight, 0.0)
        for repeats in (self.data.repeats, *(m.repeats for m in self.data.more)):
            within("repeats", repeats, 0.01)
        for name in ("composed", "own"):
            within(f"data.{name}", getattr(self.data, name), 0.0, 1.0)
        for share in self.compose.share:
            within("compose.share", share, 0.001, 1.0)
        within("compose.share's end", self.compose.share[1], self.compose.share[0])
        within("the sum of compose.people", sum(self.compose.people), 0.01)
        for often in (*self.compose.people, self.compose.clothes, self.compose.empty):
            within("a frequency of compose", often, 0.0)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
