"""The statements that bring every state back to its start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from converters.emit.constant import Constants
from converters.plan import Plan


@dataclass(frozen=True, eq=False)
class _Run:
    """Bytes of the state array and what they start as."""

    offset: int
    image: np.ndarray


def reset(plan: Plan, constants: Constants) -> list[str]:
    """C statements; runs of one value are one ``memset``."""
    runs = [_Run(r.offset, r.image()) for r in plan.rings]
    runs += [_Run(k.offset, np.ascontiguousarray(k.state.initial).view(np.int8).ravel()) for k in plan.kept]
    lines = list(_fills(sorted(runs, key=lambda r: r.offset)))
    mixed = [r for r in runs if _value(r) is None]
    lines += [f"memcpy(state + {r.offset}, {constants.name(r.image)}, {r.image.size});" for r in mixed]
    return lines + [f"head[{i}] = {r.first_head % r.bytes};" for i, r in enumerate(plan.rings)]


def _value(run: _Run) -> int | None:
    """The one value of all its bytes."""
    return int(run.image[0]) & 0xFF if run.image.size and (run.image == run.image[0]).all() else None


def _fills(runs: list[_Run]) -> Iterator[str]:
    """What lies between two runs of one value is padding, and may be filled too."""
    i = 0
    while i < len(runs):
        value, first = _value(runs[i]), i
        while value is not None and i + 1 < len(runs) and _value(runs[i + 1]) == value:
            i += 1
        if value is not None:
            size = runs[i].offset + runs[i].image.size - runs[first].offset
            yield f"memset(state + {runs[first].offset}, {value}, {size});"
        i += 1
