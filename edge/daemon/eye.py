"""The thread that looks: one task on one source of pictures, opened again when it fails. No picture is kept."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any, Protocol

from edge.daemon.control import Loaded
from edge.daemon.crew import model_hash
from edge.daemon.health import Health
from edge.daemon.record import Record, record_of
from edge.daemon.watch import Watcher
from edge.decide.scene import UNKNOWN
from edge.manifest import Bundle
from edge.source.error import SourceError
from edge.source.frame import Frame, Pictures
from edge.source.latest import Latest
from edge.source.paced import Paced
from edge.source.pictures import camera, file, is_camera, is_still
from edge.tasks.event import Event
from edge.tasks.portrait import PortraitTask

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
SAY_S = 1.0
SIZE = (640, 480)
"""Asked of a camera, pixels; the network takes far fewer."""


class Section(Protocol):
    """[[task]] of the configuration."""

    @property
    def model(self) -> str: ...
    @property
    def backend(self) -> str: ...
    @property
    def source(self) -> str: ...


class Eye:
    """``told`` gets each record, ``ended`` is the last call, both in the eye's thread; they must not wait.

    Raises BundleError or ModelFileError for a model that cannot look. Nothing is opened before ``start``.
    """

    def __init__(self, section: Section, bundle: Bundle, health: Health, realtime: bool = True) -> None:
        self.section, self.bundle, self._health = section, bundle, health
        self._told: Callable[[Record], None] = lambda record: None
        self._ended: Callable[[], None] = lambda: None
        self.muted = ""
        """Why nothing is looked at, or ""."""
        self.error: Exception | None = None
        self._realtime = realtime
        self._still = is_still(section.source)
        self._task = PortraitTask(bundle, 1, self._follow, section.backend, self._still)
        self._watcher = Watcher(self._task, [self._tell], say=lambda line: self._say(False, "failing", line))
        self._pictures: Pictures | None = None
        self._stop, self._done = threading.Event(), False
        self._state, self._score, self._stream, self._time_s = UNKNOWN, 0.0, "", 0.0
        self._began, self._said_s = time.monotonic(), 0.0
        self._dropped = self._skipped = self._reopened = 0
        self._thread = threading.Thread(target=self._run, name="eye", daemon=True)

    @property
    def name(self) -> str:
        return self.bundle.manifest.name

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._done

    @property
    def pictures(self) -> int:
        """Looked at so far."""
        return self._watcher.counts.pictures

    def start(self, told: Callable[[Record], None], ended: Callable[[], None]) -> None:
        """Begin, if it has not yet."""
        if self._thread.ident is None:
            self._told, self._ended = told, ended
            self._thread.start()

    def stop(self, patience_s: float = 3.0) -> None:
        self._stop.set()
        if self._pictures is not None:
            self._pictures.close()
        if self._thread.is_alive():
            self._thread.join(patience_s)

    @property
    def cost(self) -> dict[str, float]:
        """As of a task that hears; a step is a picture."""
        counts, passed = self._watcher.counts, time.monotonic() - self._began
        pictures = self._pictures
        return {
            "inference_s": counts.task_s,
            "steps": counts.pictures,
            "real_time_factor": round(counts.task_s / passed, 6),
            "dropped_pictures": self._dropped + int(getattr(pictures, "dropped", 0)),
            "unreadable_pictures": self._skipped + (pictures.skipped if pictures else 0),
            "failed_pictures": counts.failed,
            "reopened": self._reopened,
        }

    def loaded(self) -> Loaded:
        """For the page and the sinks."""
        manifest, digits = self.bundle.manifest, model_hash(self.bundle)
        return Loaded(manifest, digits, {}, self._state, self._score, self.cost, self.bundle.folder)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        try:
            while not self._stop.is_set():
                before = self.pictures
                try:
                    self._look_once()
                    break
                except SourceError as e:
                    if not is_camera(self.section.source):
                        raise
                    wait_s = FIRST_WAIT_S if self.pictures > before else wait_s
                    self._reopened += 1
                    self._say(False, "reopening", f"{e} (again in {wait_s:g} s)")
                self._stop.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        except Exception as e:
            self.error = e
            self._say(False, "failed", " ".join(str(e).split()))
        finally:
            self._done = True
            self._ended()

    def _look_once(self) -> None:
        self._stream = f"{int(time.time()):08x}{secrets.token_hex(2)}"
        self._task.reset()
        with closing(self._open()) as pictures:
            self._pictures = pictures
            try:
                self._watcher.watch(self._seen(pictures))
            finally:
                self._dropped += int(getattr(pictures, "dropped", 0))
                self._skipped += pictures.skipped
                self._pictures = None
                self._forget()

    def _open(self) -> Pictures:
        source, rate_hz = self.section.source, self._task.rate_hz
        if is_camera(source):
            return Latest(camera(source, None, rate_hz, SIZE)(), rate_hz)
        found = file(source, rate_hz, lambda line: self._say(False, "failing", line))
        return found if self._still or not self._realtime else Latest(Paced(found), rate_hz)

    def _seen(self, pictures: Pictures) -> Iterable[Frame]:
        """Those that may be looked at."""
        for frame in pictures:
            if self._stop.is_set():
                return
            if self.muted:
                self._forget()
                self._say_seldom(True, "muted")
                continue
            yield frame
            if self._watcher.counts.failed == 0:
                self._say_seldom(True, "running")

    def _forget(self) -> None:
        """A state ends with what it was made of, and whoever was told of it is told so."""
        if self._state == UNKNOWN or self._still:
            return
        self._task.reset()
        self._tell(Event(self._time_s, UNKNOWN, 0.0, self.name))

    def _follow(self, event: Event) -> None:
        """Every picture's."""
        self._state, self._score, self._time_s = event.label, event.score, event.time_s

    def _tell(self, event: Event) -> None:
        self._follow(event)
        kind, digits = self.bundle.manifest.task, model_hash(self.bundle)
        record = record_of(event, kind, digits, self._stream, time.time())
        self._told(replace(record, details={"picture": event.picture} if event.picture else {}))

    def _say_seldom(self, ok: bool, state: str) -> None:
        if time.monotonic() - self._said_s >= SAY_S:
            self._say(ok, state)

    def _say(self, ok: bool, state: str, text: str = "") -> None:
        facts: dict[str, Any] = self.cost
        self._said_s = time.monotonic()
        self._health.say(f"task/{self.name}", ok, state, text, **facts)
