"""The thread that hears: blocks of a source through the models, the source opened again when it fails."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.daemon.drift import Drift
from edge.daemon.health import Health
from edge.daemon.hub import Hub
from edge.daemon.level import Level
from edge.daemon.listen import Listener
from edge.daemon.pulse import Pulse
from edge.daemon.pump import AudioEnded, Block, Pump
from edge.daemon.recent import Recent
from edge.decide.scene import UNKNOWN
from edge.source.error import SourceError
from edge.source.source import RATE_HZ, Samples, Source
from edge.tasks.event import Event

STALL_S = 1.0
"""A device that gives nothing for so long is opened again."""
OPENING_S = 10.0
"""A device may take so long until its first block: a sound server that starts with it."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
WELL_S = 5.0
"""After so much audio the next failure waits FIRST_WAIT_S again."""
TURN_S = 0.1
REPORT_S = 1.0


@dataclass(frozen=True)
class Moment:
    """A place on the audio clock and on the wall."""

    stream: str
    samples: int
    utc_s: float

    @property
    def time_s(self) -> float:
        return self.samples / RATE_HZ

    def utc_of(self, time_s: float) -> float:
        """The wall clock at another time of the same stream."""
        return self.utc_s - (self.time_s - time_s)


@dataclass(frozen=True)
class Audio:
    """What an ear listens to."""

    open: Callable[[], Source]
    """Called in a thread of its own; SourceError when it cannot be had."""
    name: str = "audio"
    endless: bool = True
    """A device: a failure, a stall and an end are mended by opening it again. Otherwise a failure is the end."""
    repeat: bool = False
    """Begin again at the end."""


@dataclass
class Counts:
    """Since the ear began, over all openings."""

    samples: int = 0
    """Taken from sources, muted ones too."""
    muted_samples: int = 0
    reopened: int = 0
    stalls: int = 0
    overruns: int = 0
    lost_samples: int = 0
    clipped_samples: int = 0
    _of_opening: dict[str, int] = field(default_factory=dict)

    def follow(self, name: str, now: int) -> None:
        """Add what a counter that begins at 0 with each opening has gained."""
        setattr(self, name, getattr(self, name) + now - self._of_opening.get(name, 0))
        self._of_opening[name] = now

    def opened(self) -> None:
        self._of_opening.clear()


class Ear:
    """One source at a time through one listener, in its own thread.

    ``heard`` is called there with the events of each block and the moment of its end; it must not wait.
    """

    def __init__(
        self,
        listener: Listener,
        audio: Audio,
        heard: Callable[[list[Event], Moment], None],
        health: Health,
        pulses: Hub[Pulse],
        recent_s: float = 10.0,
        stall_s: float = STALL_S,
    ) -> None:
        self.listener, self.audio, self.health, self.pulses = listener, audio, health, pulses
        self.counts, self.level, self.recent = Counts(), Level(), Recent(recent_s)
        self.muted = ""
        """Why audio is thrown away, or "" when it is heard."""
        self.listen_in = False
        """May pulses have the samples?"""
        self.ended: Callable[[], None] = lambda: None
        """Called in the ear's thread as its last act."""
        self.error: Exception | None = None
        """What ended it, if not the end of the audio or ``stop``."""
        self._heard, self._stall_s = heard, stall_s
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stop, self._wake = threading.Event(), threading.Event()
        self._again = self._done = False
        self._drift = Drift()
        self._pump: Pump | None = None
        self._reported = self._since_opening = 0.0
        self._now = Moment(_stream_id(), 0, time.time())
        self._was_muted = False
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._done

    def stop(self, patience_s: float = 5.0) -> None:
        """End it; what was taken is heard to its end."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(patience_s)

    def order(self, what: Callable[[], None]) -> None:
        """Call it in the ear's thread, between two blocks."""
        self._orders.put(what)
        self._wake.set()

    def listen_to(self, audio: Audio) -> None:
        """Another source from the next block on; a new stream."""

        def change() -> None:
            self.audio, self._again = audio, True

        self.order(change)

    @property
    def moment(self) -> Moment:
        """Where the audio is."""
        return self._now

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        try:
            while not self._stop.is_set():
                problem = self._listen_once()
                if self._stop.is_set() or (problem is None and not self._again):
                    break
                wait_s = FIRST_WAIT_S if self._since_opening > WELL_S or self._again else wait_s
                if problem is not None:
                    self._say_gone(problem, wait_s)
                    self._pause(wait_s)
                    wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        except Exception as e:
            self.error = e
            self.health.say("audio", False, "failed", str(e))
        else:
            self.health.say("audio", True, "ended", "the audio has ended", **self.facts)
        finally:
            self._begin("")
            self._done = True
            self.ended()

    def _listen_once(self) -> str | None:
        """One opening, to its end: what has to be mended by another one, or None when all is done."""
        self._again = False
        self._begin(_stream_id())
        self._pump = pump = Pump(self.audio.open)
        try:
            return self._take_all(pump)
        except AudioEnded:
            self._give(self.listener.finish())
            self._again |= self.audio.repeat
            return f"{self.audio.name}: ended" if self.audio.endless and not self._again else None
        except SourceError as e:
            if not self.audio.endless:
                raise
            return str(e)
        finally:
            pump.close()
            self._count(pump)

    def _take_all(self, pump: Pump) -> str | None:
        last = time.monotonic()
        while not self._stop.is_set() and not self._again:
            self._obey()
            block = pump.take(TURN_S)
            now = time.monotonic()
            if block is not None:
                self._hear(block)
                last = now
            elif self.audio.endless and now - last > (self._stall_s if self._since_opening else OPENING_S):
                self.counts.stalls += 1
                return f"{self.audio.name}: no sound for {now - last:.1f} s; it is opened again"
            if now - self._reported >= REPORT_S:
                self._reported = now
                self._count(pump)
                self._say_hearing(now - last)
        return None

    def _hear(self, block: Block) -> None:
        samples = block.samples
        self.counts.samples += len(samples)
        self._since_opening += len(samples) / RATE_HZ
        self._drift.add(len(samples), block.monotonic_s)
        self._now = Moment(self._now.stream, self._now.samples + len(samples), block.utc_s)
        if self.muted:
            self.counts.muted_samples += len(samples)
            if not self._was_muted:
                self._forget()
            self._was_muted = True
            return
        if self._was_muted:
            self._was_muted = False
            self.listener.reset(self._now.samples - len(samples))
        self.counts.clipped_samples += self.level.measure(samples)
        self.recent.write(samples)
        events = self.listener.push(samples)
        self._give(events)
        if self.pulses.feeds:
            self._pulse(samples)

    def _give(self, events: list[Event]) -> None:
        self._heard(events, self._now)

    def _forget(self) -> None:
        """Muted: neither the memory nor the models keep anything of before."""
        self.recent.clear()
        self.level = Level()
        self._reset_models(self._now.samples)

    def _begin(self, stream: str) -> None:
        """A new stream, or none."""
        self._reset_models(0)
        self.recent.clear()
        self.level, self._drift, self._since_opening = Level(), Drift(), 0.0
        self.counts.opened()
        self._now = Moment(stream or self._now.stream, 0, time.time())

    def _reset_models(self, since: int) -> None:
        """States end with the audio that they are made of, and whoever was told of them is told so."""
        ended = [t.name for t in self.listener.tasks if getattr(t, "state", UNKNOWN) != UNKNOWN]
        now = Moment(self._now.stream, self._now.samples, time.time())
        self.listener.reset(since)
        if ended:
            self._heard([Event(round(now.time_s, 3), UNKNOWN, 0.0, name) for name in ended], now)

    def _pulse(self, samples: Samples) -> None:
        bands: list[list[int]] = []
        if self.listener.groups:
            bands = (self.listener.groups[0].features.astype(int) + 128).tolist()
        scores = {t.name: t.scores for t in self.listener.tasks}
        sound = samples.astype("<i2").tobytes() if self.listen_in else b""
        level = self.level
        self.pulses.publish(Pulse(self._now.time_s, level.rms_dbfs, level.peak_dbfs, bands, scores, sound))

    def _obey(self) -> None:
        while not self._orders.empty():
            self._orders.get()()

    def _pause(self, seconds: float) -> None:
        """Wait for the next opening, but not with orders."""
        end = time.monotonic() + seconds
        while not self._stop.is_set() and not self._again and (left := end - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
            self._obey()

    def _count(self, pump: Pump) -> None:
        self.counts.follow("overruns", getattr(pump.source, "overruns", 0))
        self.counts.follow("lost_samples", getattr(pump.source, "lost_samples", 0))

    @property
    def facts(self) -> dict[str, float]:
        """Numbers for health and metrics."""
        counts, hop = self.counts, min((g.frontend.config.hop_samples for g in self.listener.groups), default=160)
        facts = {
            "level_dbfs": self.level.rms_dbfs,
            "peak_dbfs": self.level.peak_dbfs,
            "heard_s": round(counts.samples / RATE_HZ, 3),
            "muted_s": round(counts.muted_samples / RATE_HZ, 3),
            "frames_behind": (self._pump.waiting_samples if self._pump else 0) // hop,
            "overruns": counts.overruns,
            "lost_samples": counts.lost_samples,
            "clipped_samples": counts.clipped_samples,
            "reopened": counts.reopened,
            "stalls": counts.stalls,
            "dead_s": round(self.level.dead_s, 1),
        }
        drift = self._drift.ppm
        return facts if drift is None else {**facts, "drift_ppm": drift}

    def _say_hearing(self, waited_s: float) -> None:
        name, facts = self.audio.name, self.facts
        if self._since_opening and waited_s > self._stall_s:
            self.health.say("audio", False, "waiting", f"{name}: no sound for {waited_s:.0f} s", **facts)
        elif self.muted:
            self.health.say("audio", True, "muted", f"{name}: muted ({self.muted})", **facts)
        elif not self._since_opening:
            self.health.say("audio", False, "opening", f"{name}: nothing heard yet", **facts)
        elif self.level.dead:
            text = f"{name}: gives the same value for {self.level.dead_s:.0f} s; is it muted or unplugged?"
            self.health.say("audio", not self.audio.endless, "silent", text, **facts)
        elif self.level.clipping:
            text = f"{name}: too loud, samples are cut off; turn its gain down (alsamixer)"
            self.health.say("audio", True, "clipping", text, **facts)
        else:
            self.health.say("audio", True, "hearing", name, **facts)

    def _say_gone(self, problem: str, wait_s: float) -> None:
        self.counts.reopened += 1
        self.health.say("audio", False, "reopening", f"{problem} (again in {wait_s:g} s)", **self.facts)


def _stream_id() -> str:
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"
