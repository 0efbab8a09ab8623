"""The order of execution with the lowest peak.

Memory after a set of nodes has run does not depend on their order, so the search is over such sets: best first by
peak, exact while there are few enough of them; beyond, the best of the file's order and a greedy one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_SETS = 4_000


@dataclass(frozen=True)
class Root:
    """A piece of memory that is placed as one: taken from its first toucher to its last, as bits of nodes."""

    name: str
    bytes: int
    touch: int
    source: bool
    """There before the first node."""
    sink: bool
    """There after the last."""


@dataclass(frozen=True)
class Task:
    """A node: what must have run before it, as bits, its scratch, and what sharing saves when roots end in it."""

    before: int
    scratch_bytes: int
    savings: tuple[tuple[int, int, int], ...] = ()
    """(root read, root written, bytes saved when the first ends and the second begins here)."""


def best_order(tasks: Sequence[Task], roots: Sequence[Root], search: bool = True) -> list[int]:
    """Indices of tasks; the file's order where nothing is gained."""
    exact = _search(tasks, roots) if search else None
    if exact is not None:
        return exact
    return min((list(range(len(tasks))), _greedy(tasks, roots)), key=lambda o: peak(tasks, roots, o))


def peak(tasks: Sequence[Task], roots: Sequence[Root], order: Iterable[int]) -> int:
    """The most bytes at any step of an order: no placement can need less."""
    done, most = 0, 0
    for i in order:
        most = max(most, step_bytes(tasks, roots, done, i))
        done |= 1 << i
    return most


def step_bytes(tasks: Sequence[Task], roots: Sequence[Root], done: int, i: int) -> int:
    """Bytes taken while task ``i`` runs after the set ``done``."""
    task, bit = tasks[i], 1 << i
    total = task.scratch_bytes + sum(r.bytes for r in roots if live(r, done, bit))
    after = done | bit
    saved = (s for x, y, s in task.savings if _ended(roots[x], after) and not _begun(roots[y], done))
    return total - max(saved, default=0)


def _ended(root: Root, done: int) -> bool:
    return not root.sink and not root.touch & ~done


def _begun(root: Root, done: int) -> bool:
    return root.source or bool(root.touch & done)


def live(root: Root, done: int, bit: int) -> bool:
    """While the task of this bit runs after those done."""
    return _begun(root, done | bit) and not _ended(root, done)


def _ready(tasks: Sequence[Task], done: int) -> Iterator[int]:
    return (i for i, t in enumerate(tasks) if not done >> i & 1 and not t.before & ~done)


def _search(tasks: Sequence[Task], roots: Sequence[Root]) -> list[int] | None:
    """None when there are too many sets."""
    everything, seen = (1 << len(tasks)) - 1, set[int]()
    # Peak, then depth: among equals the search goes straight to an end, in the file's order.
    queue: list[tuple[int, int, tuple[int, ...], int]] = [(0, 0, (), 0)]
    while queue:
        most, depth, order, done = heapq.heappop(queue)
        if done == everything:
            return list(order)
        if done in seen:
            continue
        seen.add(done)
        if len(seen) > MAX_SETS:
            return None
        for i in _ready(tasks, done):
            needed = max(most, step_bytes(tasks, roots, done, i))
            heapq.heappush(queue, (needed, depth - 1, (*order, i), done | 1 << i))
    raise AssertionError("a graph in topological order has an order")


def _greedy(tasks: Sequence[Task], roots: Sequence[Root]) -> list[int]:
    """The next node is the one that leaves least behind."""
    order: list[int] = []
    done = 0

    def left(i: int) -> tuple[int, int, int]:
        after = done | 1 << i
        kept = sum(r.bytes for r in roots if live(r, after, 0))
        return kept, step_bytes(tasks, roots, done, i), i

    while len(order) < len(tasks):
        order.append(min(_ready(tasks, done), key=left))
        done |= 1 << order[-1]
    return order


def dependencies(
    reads: Sequence[Iterable[str]], writes: Sequence[Iterable[str]], names: Sequence[str], after: Mapping[str, set[str]]
) -> list[int]:
    """Bits of the tasks that each one waits for: who computes what it reads, and who reads what it overwrites."""
    maker: dict[str, int] = {}
    for i, outputs in enumerate(writes):
        for o in outputs:
            maker[o] = i
    index = {name: i for i, name in enumerate(names)}
    bits: Callable[[int], int] = lambda i: sum(  # noqa: E731
        1 << j for j in {maker[r] for r in reads[i] if r in maker} | {index[n] for n in after.get(names[i], ())}
    )
    return [bits(i) for i in range(len(names))]
