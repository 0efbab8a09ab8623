"""Models that wait for others: a gate lets a dearer model run, a second stage hears the last seconds again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge.decide.keyword import ONE
from edge.decide.scene import UNKNOWN
from edge.frontend import Frontend
from edge.manifest import Bundle, BundleError
from edge.runtime.backend import open_window
from edge.source.source import RATE_HZ, Samples
from edge.tasks.event import Event
from edge.tasks.task import SIGN, SoundTask

BEFORE_S = 1.0
"""So much more than its window a gated model hears of what was before its gate opened."""
LOOK_BACK_S = 0.5
"""The second stage's windows end within so much before the event: the first one decides a little late."""
LOOK_MS = 40


class Gate:
    """Open while the other model's state is one of ``labels``, or for ``hold_s`` after it spoke one of them."""

    def __init__(self, model: str, labels: Collection[str], hold_s: float, of_states: bool) -> None:
        self.model, self._labels, self._hold_s, self._of_states = model, frozenset(labels), hold_s, of_states
        self.reset()

    def reset(self) -> None:
        """A new stream: closed."""
        self.is_open, self._until_s = False, 0.0

    def hear(self, events: Iterable[Event], now_s: float) -> None:
        """What all models said until ``now_s`` on the audio clock."""
        for event in events:
            if event.model != self.model:
                continue
            said = event.label in self._labels and event.label != UNKNOWN
            if self._of_states:
                self.is_open = said
            elif said:
                self._until_s = event.time_s + self._hold_s
        if not self._of_states:
            self.is_open = now_s < self._until_s


class GatedTask:
    """A task that runs while its gate is open, and then from a little before it opened.

    It says nothing twice: keywords in audio that it had heard already are dropped. A state ends with the gate.
    ``window_frames``: what its network looks back on.
    """

    def __init__(self, task: SoundTask, gate: Gate, window_frames: int) -> None:
        self.task, self.gate = task, gate
        self.name, self.frontend = task.name, task.frontend
        self._keep = window_frames + int(BEFORE_S * 1_000) // task.frontend.hop_ms
        self._steps_before = 0
        self.reset()

    @property
    def tail_samples(self) -> int:
        return self.task.tail_samples

    @property
    def scores(self) -> dict[str, float]:
        """Nothing while it does not run."""
        return self.task.scores if self._running else {}

    @property
    def state(self) -> str:
        """Of a task that has one; unknown while it does not run."""
        return str(getattr(self.task, "state", UNKNOWN)) if self._running else UNKNOWN

    @property
    def steps(self) -> int:
        return self._steps_before + self.task.steps

    def reset(self) -> None:
        """Begin a new stream at time 0, with the gate closed."""
        self._restart()
        self.gate.reset()
        self._running = False
        self._frames = self._heard = self._since = 0
        self._past = np.zeros((0, self.frontend.bands), np.int8)

    def _restart(self) -> None:
        self._steps_before += self.task.steps
        self.task.reset()

    def push(self, features: NDArray[np.int8]) -> list[Event]:
        """Frames int8 [n, bands], any n -> the events they complete; none while the gate is closed."""
        events: list[Event] = []
        if self.gate.is_open and not self._running:
            events = self._begin()
        elif self._running and not self.gate.is_open:
            events = self._end()
        self._running = self.gate.is_open
        self._frames += len(features)
        if self._running:
            events += self._hear(features)
            self._heard = self._frames
        self._past = np.concatenate([self._past, features])[-self._keep :]
        return events

    def _begin(self) -> list[Event]:
        self._restart()
        self._since = self._frames - len(self._past)
        return self._hear(self._past)

    def _end(self) -> list[Event]:
        if self.state == UNKNOWN:
            return []
        return [Event(round(self._time_s(self._frames), 3), UNKNOWN, 0.0, self.name)]

    def _hear(self, features: NDArray[np.int8]) -> list[Event]:
        since_s = self._since * self.frontend.hop_samples / self.frontend.sample_rate_hz
        events = [replace(e, time_s=round(e.time_s + since_s, 3)) for e in self.task.push(features)]
        if hasattr(self.task, "state"):
            return events
        return [e for e in events if e.time_s > self._time_s(self._heard) + 1e-6]

    def _time_s(self, frames: int) -> float:
        return self.frontend.samples(frames) / self.frontend.sample_rate_hz


class SecondStage:
    """A model that looks at the last seconds of audio with its offline graph. Raises BundleError, ModelFileError.

    ``threshold``: of every label; without it the model's own operating point, else .5.
    """

    def __init__(self, bundle: Bundle, threshold: float | None, own: Mapping[str, float]) -> None:
        manifest = bundle.manifest
        self.name = manifest.name
        self.asked = self.agreed = 0
        self._manifest = manifest
        self._network = open_window(bundle)
        self._thresholds = dict.fromkeys(manifest.targets, threshold) if threshold else dict(own)
        try:
            self._frontend = Frontend(manifest.frontend)
        except ValueError as e:
            raise BundleError(f"{self.name}: its front end cannot run ({e}); convert the model again") from None

    def agrees(self, label: str, samples: Samples) -> float | None:
        """Its score of ``label`` (of its best target if it does not know that one) if it is enough, else None.

        ``samples``: what was heard until the event, int16 [n].
        """
        self.asked += 1
        targets = [label] if label in self._thresholds else list(self._thresholds)
        scores = self._scores(samples)
        index = {t: self._manifest.labels.index(t) for t in targets}
        best = max(targets, key=lambda t: float(scores[index[t]]) - self._thresholds[t])
        score = float(scores[index[best]])
        if score < self._thresholds[best]:
            return None
        self.agreed += 1
        return round(score, 5)

    def _scores(self, samples: Samples) -> NDArray[np.float64]:
        """Highest score of each label over the last windows, 0 to 1: float [labels]."""
        config, window = self._manifest.frontend, self._manifest.window_frames
        back = int(LOOK_BACK_S * 1_000) // config.hop_ms
        needed = config.samples(window + back)
        padded = np.concatenate([np.zeros(max(0, needed - len(samples)), np.int16), samples])[-needed:]
        self._frontend.reset()
        features = self._frontend.push_features(padded)
        starts = range(back, -1, -max(1, LOOK_MS // config.hop_ms))
        rows = [self._network.run(features[s : s + window]).view(np.uint8) ^ SIGN for s in starts]
        best: NDArray[np.float64] = np.max(rows, axis=0) / ONE
        return best


def until(event_s: float, now_samples: int, recent: Samples) -> Samples:
    """The part of ``recent``, which ends at ``now_samples`` of the stream, that ends with the event."""
    later = max(0, now_samples - round(event_s * RATE_HZ))
    return recent[: len(recent) - later] if later < len(recent) else recent[:0]
