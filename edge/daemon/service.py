"""The daemon: one configuration made to run, changed while it runs, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from edge.daemon.config import Config
from edge.daemon.control import Loaded
from edge.daemon.crew import Crew, Running
from edge.daemon.ear import Ear, Moment
from edge.daemon.eyes import Eyes
from edge.daemon.file_watch import FileWatch
from edge.daemon.health import Health
from edge.daemon.hub import Feed, Hub
from edge.daemon.keeper import Keeper
from edge.daemon.listen import Listener
from edge.daemon.memory import Forgetful, Memory
from edge.daemon.outside import Notify, Outside
from edge.daemon.pulse import Pulse
from edge.daemon.quiet import Quiet, QuietError, gpio_line
from edge.daemon.record import Record
from edge.daemon.state_folder import state_folder
from edge.daemon.store.error import StoreError
from edge.daemon.store.store import Store
from edge.daemon.systemd import Notifier
from edge.daemon.updates import Updates
from edge.shelf import Shelf
from edge.sink.sink import load as load_sink
from edge.tasks.event import Event

LOG = logging.getLogger("nuthatch")

TURN_S = 1.0
PIN_TURN_S = 0.2
"""Where a switch on a GPIO pin has to be looked at."""
RECENT_S = 10.0
FEED = 10_000
"""Records that may wait for a sink; each has its own bound beyond that, on the disk or not."""
PATIENCE_S = 3.0
"""So long sinks may take to tell what they have when the daemon ends."""


class ServiceError(Exception):
    """A service that cannot start; one line with the remedy."""


class Service:
    """Implements ``Control``. Raises ServiceError, BundleError, ... when the first configuration cannot run."""

    def __init__(self, config: Config, outside: Outside | None = None) -> None:
        if not config.task:
            raise ServiceError("no task: write [[task]] with a model into the configuration, or give --model")
        self.config, self._outside = config, outside or Outside()
        self.name, self.version = config.device.name, _version()
        self.state_folder = state_folder(config.store.folder)
        self.records: Hub[Record] = Hub()
        self.pulses: Hub[Pulse] = Hub()
        self.health = Health(self._outside.changed)
        self.address = ""
        """Of the page, while it is open."""
        self.store = self._open_store()
        self._memory = Memory(self.store.settings if self.store else Forgetful())
        self.device_id = self._memory.device_id()
        self._notify: Notify = self._outside.notify or Notifier()
        self._muted, self._switch = "", bool(self._memory.get("mute", False))
        self._quiet, self._let_go_of_pin = Quiet([]), lambda: None
        self._feeds: dict[str, Feed[Record]] = {}
        shelf = Shelf(self.state_folder / "models", config.models.public_key, config.models.keep)
        self._updates = Updates(shelf, self.health)
        self.crew, self.eyes = self._first_models()
        self.ear = self._make_ear()
        self._wake, self._stopping, self._reloading = asyncio.Event(), False, False
        self._loop: asyncio.AbstractEventLoop | None = None

    def _first_models(self) -> tuple[Crew, Eyes]:
        try:
            return self._load(self.config, None, None)
        except Exception:
            if self.store is not None:
                self.store.close()
            raise

    def _load(self, config: Config, crew: Crew | None, eyes: Eyes | None) -> tuple[Crew, Eyes]:
        """What the configuration's tasks need; what runs already and is not changed stays.

        A version of an added model that cannot run is left for the one before.
        """
        try:
            return self._open(config, crew, eyes)
        except Exception:
            if not self._updates.leave_broken(m for t in config.task for m in (t.model, t.confirm)):
                raise
        return self._load(config, crew, eyes)

    def _open(self, config: Config, crew: Crew | None, eyes: Eyes | None) -> tuple[Crew, Eyes]:
        find, realtime = self._updates.open, config.audio.realtime
        hears = Crew(config.task, crew, self._memory.threshold, find)
        return hears, Eyes(config.task, eyes, self.health, realtime, {r.name for r in hears.running}, find)

    # -- Control ------------------------------------------------------------------------------------------------

    @property
    def models(self) -> list[Loaded]:
        return [r.loaded() for r in self.crew.running] + [e.loaded() for e in self.eyes]

    def set_threshold(self, model: str, label: str, threshold: float) -> None:
        configured = self.crew.set_threshold(model, label, threshold)
        self._memory.keep_threshold(model, label, threshold, configured)

    @property
    def muted(self) -> str:
        return self._muted

    def mute(self, on: bool) -> None:
        self._switch = on
        self._look_quiet()
        self._memory.set("mute", on)

    @property
    def recent(self) -> bytes:
        return self.ear.recent.last().astype("<i2").tobytes()

    @property
    def cost(self) -> dict[str, float]:
        """Of all tasks together, and of the front ends that they share: sums."""
        loaded = [r.cost for r in self.crew.running]
        inference_s = sum(c.inference_s for c in loaded) + sum(e.cost["inference_s"] for e in self.eyes)
        frontend_s = sum(g.frontend_s for g in self.ear.listener.groups)
        audio_s = self.ear.counts.samples / 16_000
        share = (sum(c.inference_s for c in loaded) + frontend_s) / audio_s if audio_s else 0.0
        share += sum(e.cost["real_time_factor"] for e in self.eyes)
        return {
            "inference_s": round(inference_s, 6),
            "frontend_s": round(frontend_s, 6),
            "steps": sum(c.steps for c in loaded) + sum(e.pictures for e in self.eyes),
            "real_time_factor": round(share, 6),
        }

    # -- Life ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until ``stop``, or the end of a recording. Raises what ended the audio, if it was a failure."""
        keeper, self._loop = Keeper(self.health), asyncio.get_running_loop()
        try:
            await self._use_quiet()
            self._start_sinks(keeper, Config.model_construct(sink={}))
            self._start_page(keeper)
            self._start_ear()
            self.eyes.start(self._keep, self._ended)
            self._notify.ready(f"{len(self.models)} models")
            await self._attend(keeper)
        finally:
            await self._close(keeper)
        for error in (self.ear.error, *(e.error for e in self.eyes)):
            if error is not None:
                raise error

    def stop(self) -> None:
        """End cleanly; in the event loop's thread."""
        self._stopping = True
        self._wake.set()

    def reload(self) -> None:
        """Read the configuration again; in the event loop's thread."""
        self._reloading = True
        self._wake.set()

    async def _attend(self, keeper: Keeper) -> None:
        watch = FileWatch(self._outside.files)
        looked, heard = 0.0, -1
        while not self._stopping and self._is_at_work():
            self._look_quiet()
            if time.monotonic() - looked >= TURN_S:
                looked, before, heard = time.monotonic(), heard, self._progress()
                self._tell_costs()
                self._reloading |= watch.changed() | self._updates.changed()
                if heard != before or not self.crew.running:
                    self._notify.alive()
            if self._reloading:
                self._reloading = False
                watch.forget()
                await self._read_again(keeper)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PIN_TURN_S if self.config.quiet.gpio_pin else TURN_S)
            self._wake.clear()

    def _is_at_work(self) -> bool:
        """Something hears or looks, or nothing is wanted to."""
        return self.ear.alive or any(e.alive for e in self.eyes) or not (self.crew.running or self.eyes)

    def _progress(self) -> int:
        """Rises while audio frames advance; without a task that hears, while pictures do."""
        return self.ear.counts.samples if self.crew.running else sum(e.pictures for e in self.eyes)

    async def _close(self, keeper: Keeper) -> None:
        self._notify.stopping()
        await asyncio.to_thread(self.ear.stop)
        await asyncio.to_thread(self.eyes.stop)
        self._tell_costs()
        for feed in self._feeds.values():
            feed.close()
        await keeper.stop("page")
        await keeper.close(PATIENCE_S)
        self._let_go_of_pin()
        await asyncio.to_thread(self._memory.close)
        if self.store is not None:
            await asyncio.to_thread(self.store.close)

    # -- Audio --------------------------------------------------------------------------------------------------

    def _make_ear(self) -> Ear:
        listener = Listener([])
        self.crew.take_over(listener)
        recent_s = max(RECENT_S, self.config.store.recording_s)
        ear = Ear(listener, self._outside.audio(self.config.audio), self._heard, self.health, self.pulses, recent_s)
        ear.listen_in = self.config.page.listen_in
        ear.ended = self._ended
        return ear

    def _ended(self) -> None:
        """In the thread of an ear or an eye."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def _start_ear(self) -> None:
        if self.crew.running:
            self.ear.start()
        else:
            self.health.say("audio", True, "off", "no task hears")

    def _heard(self, events: list[Event], now: Moment) -> None:
        """In the ear's thread: nothing here waits."""
        for record in self.crew.hear(events, now, self.ear.recent.last):
            self._keep(record, self.recent if self.config.store.recordings else b"")

    def _keep(self, record: Record, sound: bytes = b"") -> None:
        """In any thread; nothing here waits."""
        self._outside.tell(record)
        if self.store is not None:
            self.store.add(record, sound)
        self.records.publish(record)

    def _tell_costs(self) -> None:
        for running in self.crew.running:
            self.health.say(f"task/{running.name}", True, _state(running), "", **running.loaded().cost)
        wanted = {f"task/{m.manifest.name}" for m in self.models}
        for part in self.health.parts:
            if part.startswith("task/") and part not in wanted:
                self.health.forget(part)
        self.health.say("tasks", True, "running", "", **self.cost)

    async def _use_quiet(self) -> None:
        """Hours and pin as the configuration has them now."""
        self._let_go_of_pin()
        self._let_go_of_pin, line, quiet = (lambda: None), None, self.config.quiet
        self.health.forget("quiet")
        if quiet.gpio_pin:
            try:
                line, self._let_go_of_pin = await asyncio.to_thread(gpio_line, quiet.gpio_pin)
            except QuietError as e:
                self.health.say("quiet", False, "no pin", str(e))
        self._quiet = Quiet(quiet.hours, line)
        self._look_quiet()

    def _look_quiet(self) -> None:
        self._muted = self.ear.muted = self._quiet.reason(self._switch)
        for eye in self.eyes:
            eye.muted = self._muted

    # -- Sinks, page, store -------------------------------------------------------------------------------------

    def _start_sinks(self, keeper: Keeper, before: Config) -> None:
        """Those that are new or other than before."""
        for name, config in self.config.sink.items():
            if before.sink.get(name) == config:
                continue
            feed = self._feeds[name] = self.records.feed(name, FEED)
            keeper.start(f"sink/{name}", _sink(name, config, feed, self), _is_open(feed))

    async def _stop_sinks(self, keeper: Keeper, after: Config) -> None:
        """Those that go or change; each may first tell what it has."""
        gone = [n for n, config in self.config.sink.items() if after.sink.get(n) != config]
        for name in gone:
            self._feeds.pop(name).close()
        await asyncio.gather(*(keeper.stop(f"sink/{name}", PATIENCE_S) for name in gone))

    def _start_page(self, keeper: Keeper) -> None:
        if not self.config.page.enabled:
            return
        config = self.config

        def opened(address: str) -> None:
            self.address = address

        async def page() -> None:
            from edge.daemon.page.serve import serve

            await serve(config, self, self.store, opened)

        keeper.start("page", page)

    def _open_store(self) -> Store | None:
        try:
            self.state_folder.mkdir(parents=True, exist_ok=True)
            return Store(self.state_folder, self.config.store, self.health)
        except (StoreError, OSError) as e:
            self.health.say("store", False, "off", f"nothing is kept: {e}")
            return None

    # -- Reload -------------------------------------------------------------------------------------------------

    async def _read_again(self, keeper: Keeper) -> None:
        if self._outside.load is None:
            return
        self._notify.reloading()
        try:
            after = await asyncio.to_thread(self._outside.load)
            if not after.task:
                raise ServiceError("no task in the configuration; write [[task]] with a model")
            crew, eyes = await asyncio.to_thread(self._load, after, self.crew, self.eyes)
        except Exception as e:  # whatever is wrong with it, what runs goes on
            text = " ".join(str(e).split()) or type(e).__name__
            self.health.say("config", False, "refused", f"{text}; what ran before runs on")
            LOG.warning("configuration refused, what ran before runs on: %s", text)
        else:
            await self._change(keeper, after, crew, eyes)
            self.health.say("config", True, "in force", str(after.path or "no file"))
            LOG.info("configuration read again")
        self._notify.ready()

    async def _change(self, keeper: Keeper, after: Config, crew: Crew, eyes: Eyes) -> None:
        before = self.config
        await self._stop_sinks(keeper, after)
        if after != before:
            await keeper.stop("page")
        self.config, self.name = after, after.device.name
        self._start_sinks(keeper, before)
        if after != before:
            self._start_page(keeper)
        if self.store is not None:
            self.store.keep = after.store
        await self._change_audio(before, crew)
        before_eyes, self.eyes = self.eyes, eyes
        await asyncio.to_thread(before_eyes.stop, eyes)
        eyes.start(self._keep, self._ended)
        await self._use_quiet()

    async def _change_audio(self, before: Config, crew: Crew) -> None:
        after, ear = self.config, self.ear
        ear.listen_in = after.page.listen_in

        def take_over() -> None:
            crew.take_over(ear.listener)
            self.crew = crew

        if not ear.alive or not crew.running:
            await asyncio.to_thread(ear.stop)
            self.crew = crew
            self.ear = self._make_ear()
            self._start_ear()
            return
        ear.order(take_over)
        if after.audio != before.audio:
            ear.listen_to(self._outside.audio(after.audio))


def _sink(name: str, config: Any, feed: Feed[Record], control: Service) -> Callable[[], Any]:
    return lambda: load_sink(name).run(config, feed, control)


def _is_open(feed: Feed[Record]) -> Callable[[], bool]:
    return lambda: not feed.closed


def _state(running: Running) -> str:
    """A task behind a gate waits until it opens."""
    gate = getattr(running.in_stream, "gate", None)
    return "running" if gate is None or gate.is_open else "waiting"


def _version() -> str:
    try:
        return version("nuthatch")
    except PackageNotFoundError:
        return "unknown"
