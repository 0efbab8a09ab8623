"""A daemon's double: the recording of the README, over and over, through real bundles, in a thread of its own."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np

from edge.daemon.control import Loaded
from edge.daemon.health import Health
from edge.daemon.hub import Hub
from edge.daemon.listen import Listener
from edge.daemon.pulse import Pulse
from edge.daemon.record import record_of
from edge.manifest import open_bundle
from edge.source.file import File
from edge.tasks.keyword import KeywordTask

KITCHEN = Path(__file__).parents[3] / "samples" / "kitchen.opus"
BLOCK = 480
RATE_HZ = 16_000


class ControlDouble:
    """What the page sees of the daemon; what it did to it is kept in ``done``."""

    def __init__(self, state_folder, models=(), speed=1.0, listen_in=False):
        self.name, self.device_id, self.version = "kitchen", "kitchen_1", "9.9"
        self.state_folder = state_folder
        self.records, self.pulses = Hub(), Hub()
        self.health = Health()
        self.done = []
        self.muted = ""
        self.lateness_s = deque(maxlen=100_000)
        """Of each block: how long after its time it was heard."""
        self._listen_in, self._speed = listen_in, speed
        self._bundles = [open_bundle(m) for m in models]
        self._tasks = [KeywordTask(b, b.manifest.operating_points[0].thresholds) for b in self._bundles]
        self._listener = Listener(self._tasks)
        self._thread = threading.Thread(target=self._hear, name="ear", daemon=True)
        self._stop = threading.Event()
        self.samples = 0
        for bundle in self._bundles:
            self.health.say(f"task/{bundle.manifest.name}", True, "running")
        self.health.say("audio", True, "hearing", "kitchen.opus", level_dbfs=-40.0, overruns=0, frames_behind=0)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)

    @property
    def models(self):
        costs = {id(m.task): m.cost.facts for m in self._listener.members}
        return [
            Loaded(b.manifest, "0123456789ab", dict(t.thresholds), cost=costs[id(t)])
            for b, t in zip(self._bundles, self._tasks, strict=True)
        ]

    @property
    def recent(self):
        return b""

    def set_threshold(self, model, label, threshold):
        task = next((t for t in self._tasks if t.name == model), None)
        if task is None or label not in task.thresholds:
            raise ValueError(f"{model!r}: no model with thresholds runs by that name")
        if not 0.0 < threshold <= 1.0:
            raise ValueError(f"threshold {threshold:g} is outside (0, 1]")
        task.set_threshold(label, threshold)
        self.done.append(("threshold", model, label, threshold))

    def mute(self, on):
        self.muted = "switch" if on else ""
        self.done.append(("mute", on))

    def heard(self, event):
        """Make a record of it."""
        self.records.publish(record_of(event, "keyword", "0123456789ab", "s1", time.time()))

    def _hear(self):
        sound = np.concatenate(list(File(KITCHEN)))
        started = time.monotonic()
        for start in itertools.cycle(range(0, len(sound) - BLOCK, BLOCK)):
            due = started + self.samples / RATE_HZ / self._speed
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self.lateness_s.append(time.monotonic() - due)
            self._block(sound[start : start + BLOCK])

    def _block(self, block):
        self.samples += len(block)
        if self.muted:
            return
        for event in self._listener.push(block):
            self.heard(event)
        if self.pulses.feeds:
            self.pulses.publish(self._pulse(block))

    def _pulse(self, block):
        power = float(np.mean((block / 32_768.0) ** 2)) + 1e-12
        peak = float(np.max(np.abs(block.astype(np.int32)))) / 32_768.0 + 1e-6
        groups = self._listener.groups
        bands = (groups[0].features.astype(int) + 128).tolist() if groups else []
        scores = {t.name: t.scores for t in self._tasks}
        levels = 10 * np.log10(power), 20 * np.log10(peak)
        sound = block.astype("<i2").tobytes() if self._listen_in else b""
        return Pulse(self.samples / RATE_HZ, *map(float, levels), bands, scores, sound)


class StoredDouble:
    def __init__(self, record):
        self.record, self.verdict, self.has_audio = record, "", True


class StoreDouble:
    """Keeps what the hub publishes, as the service would give it to the store."""

    def __init__(self, control, audio=b"OggS"):
        self._kept = {}
        self._audio = audio
        self._feed = control.records.feed("store")
        self._feed.wake = self._take

    def _take(self):
        for record in self._feed.take():
            self._kept[record.id] = StoredDouble(record)

    def last(self, n, before_id=None):
        newest = sorted(self._kept.values(), key=lambda s: s.record.id, reverse=True)
        return [s for s in newest if before_id is None or s.record.id < before_id][:n]

    def labelled(self):
        return [s for s in reversed(self.last(1_000)) if s.verdict]

    def label(self, record_id, verdict):
        self._kept[record_id].verdict = verdict

    def audio(self, record_id):
        return self._audio if record_id in self._kept else None

    def export(self, folder):
        for stored in self.labelled():
            label = stored.record.label if stored.verdict == "right" else stored.verdict
            (folder / label).mkdir(exist_ok=True)
            (folder / label / f"{stored.record.id}.opus").write_bytes(self._audio)
