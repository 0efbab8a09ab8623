"""A recording played into a board: what it heard, what each step took, what its network was given and answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.link import Features, Heard, Link, Step

STAGES = ("frontend", "model", "decide")


@dataclass(frozen=True)
class Hearing:
    """All of one recording, in the order of time."""

    events: list[Heard]
    steps: list[Step]
    features: list[Features]

    def stages(self) -> dict[str, Stage]:
        """What each stage of a step took, and all of them together ("step")."""
        taken = {name: [getattr(s, name) for s in self.steps] for name in STAGES}
        taken["step"] = [sum(parts) for parts in zip(*taken.values(), strict=True)]
        return {name: stage(values) for name, values in taken.items()}


@dataclass(frozen=True)
class Stage:
    """Of many steps, in the board's unit ("instructions", "cycles" or "ns")."""

    median: int
    p95: int
    largest: int


def stage(values: Sequence[int]) -> Stage:
    """Nearest ranks; raises ValueError when there was no step."""
    if not values:
        raise ValueError("no step was made; the recording is shorter than one")
    ordered = sorted(values)
    return Stage(*(ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 95, 100)))


def hear(link: Link, samples: NDArray[np.int16], features: bool = True) -> Hearing:
    """Play int16 samples at 16 kHz through a new stream; the board is left as it was. Raises LinkError."""
    found = Hearing([], [], [])
    link.steps, link.features = found.steps.append, found.features.append
    asked = ["steps", *(["features"] if features else [])]
    try:
        for what in asked:
            link.ask(f"{what} on")
        found.events.extend(link.play(samples))
        for what in asked:
            link.ask(f"{what} off")
    finally:
        link.steps = link.features = None
    return found
