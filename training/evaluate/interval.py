"""95 % intervals: of a rate of events, of a share of trials, of an accuracy whose clips are few speakers'."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

CONFIDENCE = 0.95
BOOTSTRAPS = 4_000


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); [0, 1] when there was no trial."""
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, z2 = successes / trials, z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def poisson_rate(events: int, hours: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided interval of a rate per hour (Garwood 1936): 0 events in T hours give [0, 3.69 / T]."""
    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else _mean_where_cdf_is(1 - tail, events - 1)
    return low / hours, _mean_where_cdf_is(tail, events) / hours


def poisson_upper(events: int, hours: float, confidence: float = CONFIDENCE) -> float:
    """Exact one-sided upper bound of a rate per hour: 0 events in T hours give 3.00 / T."""
    return _mean_where_cdf_is(1 - confidence, events) / hours


def clustered(correct: Sequence[bool], clusters: Sequence[Hashable], seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap of an accuracy, whole clusters (speakers) drawn with replacement.

    Clips of one speaker are right or wrong together: an interval by clip is too narrow. Where the bootstrap
    cannot vary (one cluster, or all clips right, or all wrong) Wilson's interval over the clusters stands in.
    """
    names, index = np.unique(np.array([str(c) for c in clusters]), return_inverse=True)
    clips = np.bincount(index, minlength=len(names))
    right = np.bincount(index, weights=np.asarray(correct, float), minlength=len(names))
    share = right.sum() / clips.sum()
    if len(names) < 2 or share in (0.0, 1.0):
        return wilson(round(share * len(names)), len(names))
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), BOOTSTRAPS)
    low, high = np.quantile((drawn @ right) / (drawn @ clips), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _mean_where_cdf_is(target: float, events: int) -> float:
    """The Poisson mean for which P(X <= events) is ``target``; the probability falls as the mean grows."""
    low, high = 0.0, events + 20 + 20 * math.sqrt(events + 1)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _poisson_cdf(events, middle) > target else (low, middle)
    return (low + high) / 2


def _poisson_cdf(events: int, mean: float) -> float:
    """P(X <= events), each term by its logarithm: e**-mean alone is 0 from a mean of 745 on."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(events + 1))
