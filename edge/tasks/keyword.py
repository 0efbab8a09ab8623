"""Keywords: features through the step graph and the decision to events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.decide.keyword import ONE, KeywordDecider
from edge.manifest import Bundle, BundleError, Manifest, Stream
from edge.runtime.backend import DEFAULT, StepGraph, open_stream
from edge.tasks.event import Event
from edge.tasks.task import REPORTED, SIGN, Report, TaskOptions

DEFAULT_THRESHOLD = 0.5
"""Of a target that has no operating point: a guess."""


class KeywordTask:
    """One model on one audio stream; it counts the frames, so it knows the time.

    ``thresholds`` has a float in (0, 1] for each target. ``report`` gets the smoothed score of every target
    and step that is at least ``REPORTED``. ``backend`` runs the network (edge/runtime). Raises BundleError for
    a bundle whose graph is not its manifest's, and ValueError for a threshold out of range.
    """

    def __init__(
        self,
        bundle: Bundle,
        thresholds: Mapping[str, float],
        threads: int = 1,
        report: Report | None = None,
        backend: str = DEFAULT,
    ) -> None:
        manifest = bundle.manifest
        self.name = manifest.name
        self.frontend = manifest.frontend
        self.step_ms = manifest.step_ms
        self._network = open_stream(bundle, backend, threads)
        stream = _checked_stream(bundle, self._network)
        self.thresholds = {t: float(thresholds[t]) for t in manifest.targets if t in thresholds}
        """Of each target, as they are now."""
        self._decider = KeywordDecider(
            manifest.labels,
            manifest.targets,
            thresholds,
            manifest.decision,
            manifest.step_ms,
            stream.warmup_steps,
        )
        self._full_scale = ONE * manifest.decision.window_steps
        self._targets = [(manifest.labels.index(t), t) for t in manifest.targets]
        self._report = report
        self._tail_frames = (
            max(manifest.window_frames, stream.warmup_frames) + manifest.decision.window_steps * stream.step_frames
        )
        self.reset()

    @property
    def tail_samples(self) -> int:
        """Samples of silence after which nothing of the audio before them is left in a score."""
        return self._tail_frames * self.frontend.hop_samples

    @property
    def scores(self) -> dict[str, float]:
        """Smoothed score of every target, 0 to 1."""
        return {label: int(self._decider.sums[index]) / self._full_scale for index, label in self._targets}

    def set_threshold(self, label: str, threshold: float) -> None:
        """From the next step on; any thread may call. Raises ValueError for no target, or out of (0, 1]."""
        self._decider.set_threshold(label, threshold)
        self.thresholds = {**self.thresholds, label: threshold}

    def reset(self) -> None:
        """Begin a new stream at time 0."""
        self.steps = 0
        self._network.reset()
        self._decider.reset()
        self._frames = 0
        self._waiting = np.zeros((0, self._network.bands), np.int8)

    def push(self, features: NDArray[np.int8]) -> list[Event]:
        """Frames int8 [n, bands], any n -> the events they complete, in order."""
        step = self._network.step_frames
        frames = np.concatenate([self._waiting, features]) if len(self._waiting) else features
        whole = len(frames) - len(frames) % step
        self._waiting = frames[whole:].copy()
        events: list[Event] = []
        for start in range(0, whole, step):
            events += self._step(frames[start : start + step])
        return events

    def _step(self, frames: NDArray[np.int8]) -> list[Event]:
        scores = self._network.step(frames).view(np.uint8) ^ SIGN  # q + 128
        self._frames += len(frames)
        self.steps += 1
        fired = self._decider.update(scores)
        if self._report is not None:
            self._report_scores(self._report)
        return [self._event(label, value) for label, value in fired]

    def _report_scores(self, report: Report) -> None:
        for index, label in self._targets:
            value = int(self._decider.sums[index])
            if value >= REPORTED * self._full_scale:
                report(self._event(label, value))

    def _event(self, label: str, value: int) -> Event:
        time_s = self.frontend.samples(self._frames) / self.frontend.sample_rate_hz
        return Event(round(time_s, 3), label, round(value / self._full_scale, 5), self.name)


def open_task(bundle: Bundle, options: TaskOptions) -> KeywordTask:
    """What edge/tasks/task.py calls for a bundle of this kind."""
    thresholds = {**own_thresholds(bundle.manifest), **(options.thresholds or {})}
    return KeywordTask(bundle, thresholds, options.threads, options.report, options.backend)


def own_thresholds(manifest: Manifest) -> dict[str, float]:
    """Of each target: its first operating point's, or DEFAULT_THRESHOLD."""
    own = manifest.operating_points[0].thresholds if manifest.operating_points else {}
    return {t: own.get(t, DEFAULT_THRESHOLD) for t in manifest.targets}


def _checked_stream(bundle: Bundle, network: StepGraph) -> Stream:
    """The manifest's account of the step graph, after comparing it with the graph."""
    manifest = bundle.manifest
    stream = manifest.stream
    assert stream is not None  # step_ms has raised otherwise
    said = (stream.step_frames, manifest.frontend.bands, len(manifest.labels))
    found = (network.step_frames, network.bands, network.labels)
    if said != found:
        raise BundleError(
            f"{bundle.folder}: stream.tflite has (step frames, bands, labels) {found}, "
            f"its manifest says {said}; convert the model again"
        )
    return stream
