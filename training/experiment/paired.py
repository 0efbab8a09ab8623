"""Paired comparison of two arms that saw the same clips, seeds and devices."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

BOOTSTRAPS = 4_000


@dataclass(frozen=True)
class Difference:
    """Arm minus reference, as a share."""

    mean: float
    by_seed: tuple[float, float] | None
    """95 % t-interval over seeds: another training run; None for a single one."""
    by_cluster: tuple[float, float]
    """95 % bootstrap over recordings: other sounds."""
    seeds_above: int
    seeds: int

    @property
    def shown(self) -> bool:
        """There are both intervals, and they lie on one side of zero."""
        if self.by_seed is None:
            return False
        low, high = min(self.by_seed[0], self.by_cluster[0]), max(self.by_seed[1], self.by_cluster[1])
        return low > 0 or high < 0

    def __str__(self) -> str:
        """In points: the mean, over seeds (where there are several), over recordings."""
        spans = [f"[{s[0] * 100:+.1f}, {s[1] * 100:+.1f}]" for s in (self.by_seed, self.by_cluster) if s is not None]
        return " ".join([f"{self.mean * 100:+.1f}", *spans])


def paired(
    arm: Sequence[np.ndarray], reference: Sequence[np.ndarray], clusters: Sequence[Sequence[Hashable]]
) -> Difference:
    """For each seed: float [clips], the share right over devices, and what must stay together of its clips."""
    deltas = [a - b for a, b in zip(arm, reference, strict=True)]
    seeds, flat = np.array([d.mean() for d in deltas]), np.concatenate(deltas)
    return Difference(
        float(flat.mean()),
        t_interval(seeds),
        _bootstrap(flat, [c for own in clusters for c in own]),
        int((seeds > 0).sum()),
        len(seeds),
    )


def t_interval(values: np.ndarray) -> tuple[float, float] | None:
    """Of the mean of a few values; None for a single one."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return None
    half = float(student_t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean - half, mean + half


def _bootstrap(values: np.ndarray, clusters: Sequence[Hashable], seed: int = 0) -> tuple[float, float]:
    names, index = np.unique(np.array([str(c) for c in clusters]), return_inverse=True)
    counts, totals = np.bincount(index), np.bincount(index, values)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), BOOTSTRAPS)
    low, high = np.quantile((drawn @ totals) / (drawn @ counts), [0.025, 0.975])
    return float(low), float(high)
