"""Published figures to stand beside: ``anchors.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converters.error import ConvertError

FILE = Path(__file__).with_name("anchors.toml")


@dataclass(frozen=True)
class Anchor:
    """What an interpreter takes for a model. ``instructions`` and ``floor`` by core."""

    name: str
    macs: int
    instructions: Mapping[str, int]
    floor: Mapping[str, int]
    arena_bytes: int
    code_bytes: int
    activation_bytes: int
    init_instructions: int
    streaming: bool = False
    guessed: bool = False
    """Its shapes are not known; a stand-in only has about its multiply-accumulates."""


@dataclass(frozen=True)
class Anchors:
    """``boards``: id -> core that it is compared with; ``bars``: core or 'all' -> what -> at most."""

    how: str
    boards: Mapping[str, str]
    models: Mapping[str, Anchor]
    bars: Mapping[str, Mapping[str, float]]

    def model(self, name: str) -> Anchor:
        if name not in self.models:
            raise ConvertError(f"no published figures of {name!r}; there are {', '.join(self.models)}")
        return self.models[name]


@cache
def anchors() -> Anchors:
    """The file's content."""
    found = tomllib.loads(FILE.read_text("utf-8"))
    models = {name: Anchor(name, **values) for name, values in found["models"].items()}
    return Anchors(found["how"], found["boards"], models, found["bars"])
