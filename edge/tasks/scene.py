"""Scenes: features through the offline graph, window by window, to one state and its changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.decide.scene import SceneDecider
from edge.manifest import Bundle, BundleError, Scene
from edge.runtime.backend import WindowGraph, open_window
from edge.tasks.event import Event
from edge.tasks.task import REPORTED, SIGN, TaskOptions


class SceneTask:
    """One model on one audio stream; it counts the frames, so it knows the time.

    A window ends with every ``hop_frames`` frames once ``window_frames`` have been heard. A window of silence is
    not given to the network and counts as no scene at all. Raises BundleError for a bundle whose graph is not its
    manifest's.
    """

    def __init__(self, bundle: Bundle, options: TaskOptions | None = None) -> None:
        options = options or TaskOptions()
        manifest = bundle.manifest
        self.name = manifest.name
        self.frontend = manifest.frontend
        self.window_frames = manifest.window_frames
        self._scene = _scene(bundle)
        self._network = open_window(bundle, options.backend, options.threads)
        _require_match(bundle, self._network)
        self._decider = SceneDecider(manifest.labels, manifest.targets, self._scene)
        self._floor = manifest.frontend.silence
        self._report = options.report
        self.reset()

    @property
    def tail_samples(self) -> int:
        """A recording shorter than a window is judged as if silence followed; a longer one ends where it ends."""
        heard = self._frames + len(self._waiting)
        return max(0, self._first_frames - heard) * self.frontend.hop_samples if heard else 0

    @property
    def _first_frames(self) -> int:
        """Frames after which the first window is judged."""
        hop = self._scene.hop_frames
        return -(-self.window_frames // hop) * hop

    @property
    def state(self) -> str:
        """One of the targets, or "unknown"."""
        return self._decider.state

    @property
    def score(self) -> float:
        """Smoothed probability of the state; of the best label while it is unknown."""
        return round(self._decider.score, 5)

    @property
    def scores(self) -> dict[str, float]:
        """Smoothed probability of every target."""
        return self._decider.smoothed

    def reset(self) -> None:
        """Begin a new stream at time 0; the state is unknown."""
        self._decider.reset()
        self._frames = 0
        self._window = np.zeros((0, self.frontend.bands), np.int8)
        self._waiting = np.zeros((0, self.frontend.bands), np.int8)
        self.steps = 0
        """Windows judged."""
        self.silent_windows = 0

    def push(self, features: NDArray[np.int8]) -> list[Event]:
        """Frames int8 [n, bands], any n -> an event for each change of the state."""
        hop = self._scene.hop_frames
        frames = np.concatenate([self._waiting, features])
        whole = len(frames) - len(frames) % hop
        self._waiting = frames[whole:]
        events: list[Event] = []
        for start in range(0, whole, hop):
            events += self._hop(frames[start : start + hop])
        return events

    def _hop(self, frames: NDArray[np.int8]) -> list[Event]:
        self._frames += len(frames)
        self._window = np.concatenate([self._window, frames])[-self.window_frames :]
        if len(self._window) < self.window_frames:
            return []
        self.steps += 1
        changed = self._decider.update(self._judge())
        if self._report is not None:
            for label, score in self.scores.items():
                if score >= REPORTED:
                    self._report(self._event(label, score))
        return [self._event(self.state, self.score)] if changed else []

    def _judge(self) -> NDArray[np.uint8] | None:
        """Scores of the window, uint8 [labels]; None when there is nothing in it."""
        if not (self._window > self._floor).any():
            self.silent_windows += 1
            return None
        scores: NDArray[np.uint8] = self._network.run(self._window).view(np.uint8) ^ SIGN  # q + 128
        return scores

    def _event(self, label: str, score: float) -> Event:
        time_s = self.frontend.samples(self._frames) / self.frontend.sample_rate_hz
        return Event(round(time_s, 3), label, round(score, 5), self.name)


def open_task(bundle: Bundle, options: TaskOptions) -> SceneTask:
    """What edge/tasks/task.py calls for a bundle of this kind."""
    return SceneTask(bundle, options)


def _scene(bundle: Bundle) -> Scene:
    scene = bundle.manifest.scene
    if scene is None:
        raise BundleError(f"{bundle.folder}: its manifest has no scene (hop, smoothing, ...); convert the model again")
    return scene


def _require_match(bundle: Bundle, network: WindowGraph) -> None:
    manifest = bundle.manifest
    said = (manifest.window_frames * manifest.frontend.bands, len(manifest.labels))
    found = (int(np.prod(network.input_shape)), network.labels)
    if said != found:
        raise BundleError(
            f"{bundle.folder}: model.tflite has (input values, labels) {found}, its manifest says {said}; "
            "convert the model again"
        )
