"""Several models on one audio stream; what they share is computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from edge.frontend import Frontend
from edge.manifest import BundleError
from edge.source.source import Samples
from edge.tasks.event import Event
from edge.tasks.keyword import KeywordTask


class Listener:
    """int16 samples in, events out; models with the same front end share one.

    Raises BundleError for a front end that cannot run.
    """

    def __init__(self, tasks: Sequence[KeywordTask]) -> None:
        self._tasks = list(tasks)
        by_hash: dict[str, list[KeywordTask]] = {}
        for task in tasks:
            by_hash.setdefault(task.frontend.hash, []).append(task)
        self._groups = [(_frontend(group[0]), group) for group in by_hash.values()]

    @property
    def tail_s(self) -> float:
        """``finish`` makes no event later than this after the last sample."""
        return max((t.tail_samples / t.frontend.sample_rate_hz for t in self._tasks), default=0.0)

    def push(self, samples: Samples) -> list[Event]:
        """int16 samples [n], any n -> the events they complete, in the order of time."""
        events: list[Event] = []
        for frontend, tasks in self._groups:
            features = frontend.push_features(samples)
            for task in tasks:
                events += task.push(features)
        return sorted(events, key=lambda e: e.time_s)

    def finish(self) -> list[Event]:
        """The audio has ended: hear silence until every model has let go of it.

        Models hear a word when it has passed, so one at the very end would be missed without.
        """
        return self.push(np.zeros(max((t.tail_samples for t in self._tasks), default=0), np.int16))

    def reset(self) -> None:
        """Begin a new stream at time 0."""
        for frontend, tasks in self._groups:
            frontend.reset()
            for task in tasks:
                task.reset()


def _frontend(task: KeywordTask) -> Frontend:
    try:
        return Frontend(task.frontend)
    except ValueError as e:
        raise BundleError(f"{task.name}: its front end cannot run ({e}); convert the model again") from None


def listen(blocks: Iterable[Samples], listener: Listener, sinks: Sequence[Callable[[Event], None]]) -> None:
    """Every event of the audio to every sink, as soon as it is known, until the audio ends."""
    for block in blocks:
        _give(listener.push(block), sinks)
    _give(listener.finish(), sinks)


def _give(events: Sequence[Event], sinks: Sequence[Callable[[Event], None]]) -> None:
    for event in events:
        for sink in sinks:
            sink(event)
