"""A plan within so many bytes of RAM: layers in patches, as few computed twice as will do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from converters.emit.header import static_bytes
from converters.error import ConvertError
from converters.graph import TIME, Graph, Node
from converters.passes.patch import patch, regions
from converters.plan import Plan, plan
from converters.target import Target

PATCHES = (2, 3, 4, 6, 8, 12, 16)
ROUNDS = 3
"""Regions that may be cut, one after another."""
TRIES = 250
"""Plans in each round."""


class BudgetError(ConvertError):
    """No plan was found that keeps to the RAM that was asked for."""


def plan_within(graph: Graph, target: Target, ram_bytes: int, name: str = "model") -> Plan:
    """The plan that computes least twice; raises BudgetError with the smallest one found."""
    whole = made = plan(graph, target)
    for _ in range(ROUNDS):
        if needed(made) <= ram_bytes:
            return made
        smaller = _cut(graph, target, made, ram_bytes)
        if smaller is None:
            break
        graph, made = smaller
    if needed(made) <= ram_bytes:
        return made
    raise BudgetError(
        f"{name}: needs {needed(whole):,} bytes of RAM; the smallest plan found is {needed(made):,}, more than the "
        f"{ram_bytes:,} allowed; try --ram {needed(made)} or a smaller network"
    )


def needed(made: Plan) -> int:
    """Bytes of RAM: the arena and what the model keeps beside it."""
    return made.arena_bytes + static_bytes(made)


def _cut(graph: Graph, target: Target, before: Plan, ram_bytes: int) -> tuple[Graph, Plan] | None:
    """The graph with one more region in patches: the cheapest that fits, or the smallest; None: nothing helps."""
    found: tuple[Graph, Plan] | None = None
    for candidate in sorted(_candidates(graph, before), key=Graph.macs)[:TRIES]:
        made = plan(candidate, target, thorough=False)
        if needed(made) < needed(before if found is None else found[1]):
            found = candidate, made
        if needed(made) <= ram_bytes:
            break
    if found is None:
        return None
    best = plan(found[0], target)
    return found[0], min(best, found[1], key=needed)


def _candidates(graph: Graph, before: Plan) -> Iterator[Graph]:
    """Regions with a layer at the peak; patches are not cut again."""
    peaks = set(_at_peak(before))
    for region in regions(graph):
        names = {n.name for n in region}
        if len(region) > 1 and peaks & names and not any("/rows " in n for n in names):
            yield from _patched(graph, region)


def _patched(graph: Graph, region: Sequence[Node]) -> Iterator[Graph]:
    for n in PATCHES:
        if n <= graph[region[-1].name].shape[TIME]:
            with suppress(ConvertError):
                yield patch(graph, region, n)


def _at_peak(made: Plan) -> Iterator[str]:
    """Calls during which blocks reach the arena's end, or all but."""
    for i, step in enumerate(made.steps):
        top = max((b.offset + b.bytes for b in made.blocks if b.first <= i <= b.last), default=0)
        if top >= 0.95 * made.arena_bytes:
            yield step.node.name
