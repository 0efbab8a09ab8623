"""The models that hear, as the configuration wants them: loaded, changed, asked, and their events made records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from edge.daemon.cascade import Gate, GatedTask, SecondStage, until
from edge.daemon.control import Loaded
from edge.daemon.ear import Moment
from edge.daemon.listen import Cost, Listener
from edge.daemon.record import Record, record_of
from edge.decide.scene import UNKNOWN
from edge.frontend import Frontend
from edge.manifest import Bundle, BundleError, open_bundle
from edge.source.source import Samples
from edge.tasks.event import Event
from edge.tasks.keyword import KeywordTask, own_thresholds
from edge.tasks.task import SoundTask, TaskOptions, open_task


class Section(Protocol):
    """[[task]] of the configuration."""

    @property
    def model(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def threshold(self) -> float | None: ...
    @property
    def thresholds(self) -> dict[str, float]: ...
    @property
    def backend(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def gate_labels(self) -> list[str]: ...
    @property
    def gate_s(self) -> float: ...
    @property
    def confirm(self) -> str: ...
    @property
    def confirm_threshold(self) -> float | None: ...


Saved = Callable[[str, str, float], float]
"""(model, label, threshold of the configuration) -> the one that the user set since, or the same."""


@dataclass
class Running:
    """A model that hears."""

    section: Section
    bundle: Bundle
    task: SoundTask
    """What the network is in; the same through reloads that do not concern it."""
    in_stream: SoundTask
    """What the listener has: the task, or the task behind its gate."""
    second: SecondStage | None = None
    cost: Cost = field(default_factory=Cost)

    @property
    def name(self) -> str:
        return self.bundle.manifest.name

    @property
    def model_hash(self) -> str:
        return model_hash(self.bundle)

    @property
    def thresholds(self) -> dict[str, float]:
        return dict(self.task.thresholds) if isinstance(self.task, KeywordTask) else {}

    def loaded(self) -> Loaded:
        """For the page and the sinks."""
        state, score = "", 0.0
        if hasattr(self.task, "state"):
            state, score = str(getattr(self.in_stream, "state", UNKNOWN)), float(getattr(self.task, "score", 0.0))
        cost = self.cost.facts
        if self.second is not None:
            cost |= {"second_stage_asked": self.second.asked, "second_stage_agreed": self.second.agreed}
        return Loaded(self.bundle.manifest, self.model_hash, self.thresholds, state, score, cost, self.bundle.folder)


class Crew:
    """Some running models; those of the crew before that are still wanted are the same objects.

    Raises BundleError, ModelFileError or ValueError (a threshold) when one cannot run; the crew before is as it was.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        before: Crew | None = None,
        saved: Saved = lambda model, label, threshold: threshold,
        find: Callable[[str], Bundle] = open_bundle,
    ) -> None:
        self._find = find
        wanted = [(s, b) for s in sections if s.enabled for b in [find(s.model)] if b.manifest.picture is None]
        _require_distinct([b for _, b in wanted])
        names = {s.model: b for s, b in wanted}
        self.running = [self._keep(s, b, before, names) or self._open(s, b, names) for s, b in wanted]
        self._changes = [
            (r.task, label, saved(r.name, label, value))
            for r in self.running
            if isinstance(r.task, KeywordTask)
            for label, value in thresholds_of(r.section, r.bundle).items()
        ]
        for _, label, value in self._changes:
            if not 0.0 < value <= 1.0:
                raise ValueError(f"threshold {value:g} of {label!r} is outside (0, 1]; take one between .01 and .99")

    def _keep(self, section: Section, bundle: Bundle, before: Crew | None, names: dict[str, Bundle]) -> Running | None:
        """The same model with the same options, thresholds aside, goes on."""
        for running in before.running if before else ():
            same_model = (running.bundle.folder, running.bundle.manifest) == (bundle.folder, bundle.manifest)
            if same_model and _options(running.section) == _options(section) and self._same_gate(running, names):
                return replace(running, section=section)
        return None

    def _same_gate(self, running: Running, names: dict[str, Bundle]) -> bool:
        if not isinstance(running.in_stream, GatedTask):
            return True
        guard = names.get(running.section.gate)
        return guard is not None and guard.manifest.name == running.in_stream.gate.model

    def _open(self, section: Section, bundle: Bundle, names: dict[str, Bundle]) -> Running:
        if bundle.manifest.task != "keyword" and (section.threshold is not None or section.thresholds):
            raise ValueError(f"{section.model}: names scenes, its thresholds are in its manifest; leave threshold away")
        task = open_task(bundle, TaskOptions(backend=section.backend))
        try:
            Frontend(task.frontend)
        except ValueError as e:
            raise BundleError(f"{task.name}: its front end cannot run ({e}); convert the model again") from None
        second = None
        if section.confirm:
            judge = self._find(section.confirm)
            second = SecondStage(judge, section.confirm_threshold, own_thresholds(judge.manifest))
        return Running(section, bundle, task, self._gated(section, bundle, task, names), second)

    def _gated(self, section: Section, bundle: Bundle, task: SoundTask, names: dict[str, Bundle]) -> SoundTask:
        if not section.gate:
            return task
        if section.gate not in names:
            raise BundleError(f"{section.model}: its gate {section.gate} does not run; enable that task")
        guard = names[section.gate].manifest
        unknown = [label for label in section.gate_labels if label not in guard.targets]
        if unknown:
            raise BundleError(f"{section.model}: gate_labels {unknown}: {guard.name} has {guard.targets}")
        gate = Gate(guard.name, section.gate_labels or guard.targets, section.gate_s, guard.scene is not None)
        stream = bundle.manifest.stream
        window = max(bundle.manifest.window_frames, stream.warmup_frames if stream else 0)
        return GatedTask(task, gate, window)

    def take_over(self, listener: Listener) -> None:
        """In the ear's thread, between two blocks: from the next sample on these models hear."""
        for task, label, value in self._changes:
            task.set_threshold(label, value)
        listener.replace([r.in_stream for r in self.running])
        costs = {id(m.task): m.cost for m in listener.members}
        for running in self.running:
            running.cost = costs[id(running.in_stream)]

    def hear(self, events: Sequence[Event], now: Moment, recent: Callable[[], Samples]) -> list[Record]:
        """In the ear's thread, after each block: gates move, second stages are asked, what stands is recorded."""
        for running in self.running:
            if isinstance(running.in_stream, GatedTask):
                running.in_stream.gate.hear(events, now.time_s)
        by_name = {r.name: r for r in self.running}
        found = (self._record(by_name[e.model], e, now, recent) for e in events if e.model in by_name)
        return [r for r in found if r is not None]

    def _record(self, running: Running, event: Event, now: Moment, recent: Callable[[], Samples]) -> Record | None:
        details: dict[str, Any] = {}
        if running.second is not None and event.label != UNKNOWN:
            score = running.second.agrees(event.label, until(event.time_s, now.samples, recent()))
            if score is None:
                return None
            details = {"confirmed_by": running.second.name, "confirmed_score": score}
        kind, utc_s = running.bundle.manifest.task, now.utc_of(event.time_s)
        return replace(record_of(event, kind, running.model_hash, now.stream, utc_s), details=details)

    def set_threshold(self, model: str, label: str, threshold: float) -> float:
        """From the next step on -> the configuration's own. Raises ValueError for what there is none of."""
        running = next((r for r in self.running if r.name == model), None)
        if running is None or not isinstance(running.task, KeywordTask):
            raise ValueError(f"{model!r}: no model with thresholds runs by that name")
        running.task.set_threshold(label, threshold)
        return thresholds_of(running.section, running.bundle)[label]


def thresholds_of(section: Section, bundle: Bundle) -> dict[str, float]:
    """Of each target of a keyword model: the configuration's, else the model's own.

    Raises ValueError for one of a label that is no target.
    """
    own = own_thresholds(bundle.manifest)
    strange = [t for t in section.thresholds if t not in own]
    if strange:
        raise ValueError(f"{section.model}: thresholds of {strange}, but its targets are {list(own)}")
    common = {} if section.threshold is None else dict.fromkeys(own, section.threshold)
    return own | common | section.thresholds


def model_hash(bundle: Bundle) -> str:
    """First 12 digits of the SHA-256 of model.tflite."""
    return bundle.manifest.files["model.tflite"].sha256[:12]


def _options(section: Section) -> tuple[Any, ...]:
    """What makes a task another one."""
    gate = section.gate, tuple(section.gate_labels), section.gate_s
    return section.model, section.backend, gate, section.confirm, section.confirm_threshold


def _require_distinct(bundles: Iterable[Bundle]) -> None:
    names = [b.manifest.name for b in bundles]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice:
        raise BundleError(f"two models are named {twice}; events could not be told apart, leave one")
