"""Several models on one audio stream; what they share is computed once, and models come and go while it runs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.frontend import Frontend
from edge.manifest import BundleError
from edge.source.source import Samples
from edge.tasks.event import Event
from edge.tasks.task import SoundTask


@dataclass
class Cost:
    """What a task took since it was added; sums."""

    inference_s: float = 0.0
    """In the task: network and decision."""
    steps: int = 0
    """Times its network had its turn."""
    audio_s: float = 0.0

    @property
    def facts(self) -> dict[str, float]:
        """With the real-time factor: the share of one core that it takes."""
        factor = self.inference_s / self.audio_s if self.audio_s else 0.0
        return {**dataclasses.asdict(self), "real_time_factor": round(factor, 6)}


@dataclass
class Member:
    """A task with its place in the stream."""

    task: SoundTask
    since: int = 0
    """Samples of the stream before the task's time 0."""
    cost: Cost = field(default_factory=Cost)

    def push(self, features: NDArray[np.int8], rate_hz: int) -> list[Event]:
        started, before = time.perf_counter(), self.task.steps
        events = self.task.push(features)
        self.cost.inference_s += time.perf_counter() - started
        self.cost.steps += self.task.steps - before
        if not self.since:
            return events
        return [dataclasses.replace(e, time_s=round(e.time_s + self.since / rate_hz, 3)) for e in events]


@dataclass
class Group:
    """The tasks that share one front end."""

    frontend: Frontend
    members: list[Member]
    since: int = 0
    """Samples of the stream before the front end's first one."""
    frames: int = 0
    features: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0), np.int8))
    """The last ones, int8 [n, bands]."""
    frontend_s: float = 0.0
    """Time in the front end: the sum since it was made."""

    def push(self, samples: Samples, most_frames: Callable[[Member], int] | None = None) -> list[Event]:
        """``most_frames``: how many of the frames a member gets; None is all."""
        config = self.frontend.config
        started = time.perf_counter()
        self.features = self.frontend.push_features(samples)
        self.frontend_s += time.perf_counter() - started
        self.frames += len(self.features)
        events: list[Event] = []
        for member in self.members:
            member.cost.audio_s += len(samples) / config.sample_rate_hz
            features = self.features if most_frames is None else self.features[: most_frames(member)]
            events += member.push(features, config.sample_rate_hz)
        return events

    @property
    def begin(self) -> int:
        """Samples of the stream before the first one of the next frame."""
        return self.since + self.frames * self.frontend.config.hop_samples


class Listener:
    """int16 samples in, events out; models with the same front end share one.

    Raises BundleError for a front end that cannot run.
    """

    def __init__(self, tasks: Sequence[SoundTask]) -> None:
        self.groups: list[Group] = []
        self.samples = 0
        """Of the stream, so far."""
        self.replace(tasks)

    @property
    def tasks(self) -> list[SoundTask]:
        return [m.task for m in self.members]

    @property
    def members(self) -> list[Member]:
        return [m for g in self.groups for m in g.members]

    @property
    def tail_s(self) -> float:
        """``finish`` makes no event later than this after the last sample."""
        return max((t.tail_samples / t.frontend.sample_rate_hz for t in self.tasks), default=0.0)

    def replace(self, tasks: Sequence[SoundTask]) -> None:
        """Other tasks from the next sample on. Those that stay miss nothing; new ones begin in mid-stream."""
        groups = {g.frontend.config.hash: g for g in self.groups}
        kept = {id(m.task): m for m in self.members}
        made: dict[str, Group] = {}
        members: dict[str, list[Member]] = {}
        for task in tasks:
            key = task.frontend.hash
            group = made.setdefault(key, groups.get(key) or Group(_frontend(task), [], self.samples))
            member = kept.get(id(task)) or Member(task, group.begin)
            members.setdefault(key, []).append(member)
        # Only now, when nothing can raise any more.
        for key, group in made.items():
            group.members = members[key]
        self.groups = list(made.values())

    def push(self, samples: Samples) -> list[Event]:
        """int16 samples [n], any n -> the events they complete, in the order of time."""
        self.samples += len(samples)
        return sorted((e for g in self.groups for e in g.push(samples)), key=lambda e: e.time_s)

    def finish(self) -> list[Event]:
        """The audio has ended: hear silence until every model has let go of it.

        Models hear a word when it has passed, so one at the very end would be missed without. Each gets as much
        silence as it would get alone.
        """
        events: list[Event] = []
        for group in self.groups:
            tails = {id(m): m.task.tail_samples for m in group.members}
            hop = group.frontend.config.hop_samples
            silence = np.zeros(max(tails.values(), default=0), np.int16)
            events += group.push(silence, lambda m: -(-tails[id(m)] // hop))  # noqa: B023  called within the turn
        return sorted(events, key=lambda e: e.time_s)

    def reset(self, since: int = 0) -> None:
        """Begin anew, as if nothing had been heard; ``since``: samples of the stream before the next one."""
        self.samples = since
        for group in self.groups:
            group.frontend.reset()
            group.since, group.frames = since, 0
            for member in group.members:
                member.since = since
                member.task.reset()


def _frontend(task: SoundTask) -> Frontend:
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
