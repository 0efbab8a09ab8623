"""Offsets: blocks with lifetimes, and pairs that may lie over one another, in as few bytes as can be found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

TRIES = 400
"""Orders of placement that are tried after the systematic ones, while the lower bound is not reached."""


@dataclass(frozen=True)
class Block:
    """Bytes of the arena that are taken from step ``first`` to step ``last`` (both included)."""

    name: str
    bytes: int
    first: int
    last: int
    offset: int = -1


@dataclass(frozen=True)
class Overlap:
    """``upper`` ends in the step in which ``lower`` begins, and ``lower`` may lie over it: where it starts at
    least ``lead`` bytes below it, or exactly ``equal`` bytes above its start (None: not so)."""

    lower: str
    upper: str
    lead: int | None = None
    equal: int | None = None

    def allows(self, lower_offset: int, upper_offset: int) -> bool:
        gap = upper_offset - lower_offset
        return (self.lead is not None and gap >= self.lead) or (self.equal is not None and gap == -self.equal)

    def union_bytes(self, lower_bytes: int, upper_bytes: int) -> int:
        """The fewest bytes that hold both."""
        gaps = ([] if self.lead is None else [self.lead]) + ([] if self.equal is None else [-self.equal])
        return min(max(lower_bytes, g + upper_bytes) - min(0, g) for g in gaps)


@dataclass(frozen=True)
class _Rule:
    """What another block forbids: offsets strictly between its own - below and + above, but for + point."""

    other: int
    below: int
    above: int
    point: int | None = None


def place(
    blocks: Sequence[Block], overlaps: Iterable[Overlap], bound: int = 0, alignment: int = 4, tries: int = TRIES
) -> list[Block]:
    """The blocks with offsets; deterministic."""
    rules = _rules(blocks, {(o.lower, o.upper): o for o in overlaps})
    best: tuple[int, list[int]] | None = None
    for order in _orders(blocks, tries):
        offsets = _fill(blocks, rules, order, alignment)
        top = max((o + b.bytes for o, b in zip(offsets, blocks, strict=True)), default=0)
        if best is None or top < best[0]:
            best = top, offsets
        if top <= bound:
            break
    assert best is not None
    return [dataclasses.replace(b, offset=o) for b, o in zip(blocks, best[1], strict=True)]


def height(blocks: Iterable[Block]) -> int:
    """Bytes of the arena."""
    return max((b.offset + b.bytes for b in blocks), default=0)


def _rules(blocks: Sequence[Block], overlaps: Mapping[tuple[str, str], Overlap]) -> list[list[_Rule]]:
    rules: list[list[_Rule]] = [[] for _ in blocks]
    for i, a in enumerate(blocks):
        for j, b in enumerate(blocks):
            if i != j and a.first <= b.last and b.first <= a.last:
                rules[i].append(_rule(a, b, j, overlaps))
    return rules


def _rule(a: Block, b: Block, j: int, overlaps: Mapping[tuple[str, str], Overlap]) -> _Rule:
    """What b, placed, forbids a."""
    lower, upper = overlaps.get((a.name, b.name)), overlaps.get((b.name, a.name))
    if lower is not None:
        below = a.bytes if lower.lead is None else min(a.bytes, lower.lead)
        return _Rule(j, below, b.bytes, lower.equal)
    if upper is not None:
        above = b.bytes if upper.lead is None else min(b.bytes, upper.lead)
        return _Rule(j, a.bytes, above, -upper.equal if upper.equal is not None else None)
    return _Rule(j, a.bytes, b.bytes)


def _fill(blocks: Sequence[Block], rules: list[list[_Rule]], order: Sequence[int], alignment: int) -> list[int]:
    """Each in turn at the lowest offset that those before it allow."""
    offsets = [-1] * len(blocks)
    for i in order:
        taken = [_Taken.by(r, offsets[r.other]) for r in rules[i] if offsets[r.other] >= 0]
        candidates = {0} | {t.high for t in taken} | {t.point for t in taken if t.point is not None}
        ascending = sorted(-(-c // alignment) * alignment for c in candidates if c >= 0)
        offsets[i] = next(at for at in ascending if all(t.allows(at) for t in taken))
    return offsets


@dataclass(frozen=True)
class _Taken:
    """Offsets strictly between two are forbidden, but for one."""

    low: int
    high: int
    point: int | None

    @classmethod
    def by(cls, rule: _Rule, offset: int) -> _Taken:
        point = None if rule.point is None else offset + rule.point
        return cls(offset - rule.below, offset + rule.above, point)

    def allows(self, at: int) -> bool:
        return not self.low < at < self.high or at == self.point


def _orders(blocks: Sequence[Block], tries: int) -> Iterable[list[int]]:
    indices = range(len(blocks))
    keys = (
        lambda i: (-blocks[i].bytes, blocks[i].first),
        lambda i: (-blocks[i].last, -blocks[i].first, -blocks[i].bytes),
        lambda i: (-blocks[i].bytes * (blocks[i].last - blocks[i].first + 1), blocks[i].first),
        lambda i: (blocks[i].first, -blocks[i].bytes),
        lambda i: (blocks[i].first - blocks[i].last, -blocks[i].bytes),
    )
    starts = [sorted(indices, key=k) for k in keys]
    yield from starts
    random = Random(0)
    for n in range(tries if len(blocks) > 2 else 0):
        order = list(starts[n % len(starts)])
        for _ in range(1 + n % 4):
            order.insert(random.randrange(len(order)), order.pop(random.randrange(len(order))))
        yield order
