"""What Prometheus reads from /metrics, and what /healthz answers. docs/metrics.md lists the names.

Nothing is measured here: models, parts and queues count for themselves, and are asked when somebody reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from edge.daemon.control import Control

if TYPE_CHECKING:
    from edge.daemon.page.door import Door
    from edge.daemon.page.watch import Watchers

AUDIO_GAUGES = {
    "level_dbfs": ("level_dbfs", "Root mean square of the last block, full scale = 0."),
    "frames_behind": ("frames_behind", "Frames of features that wait for the models."),
    "drift_ppm": ("drift_ppm", "How much faster the microphone's clock goes than the machine's; after a minute."),
}
AUDIO_COUNTERS = {
    "heard_s": ("heard_seconds", "Audio taken from the source, muted audio too."),
    "muted_s": ("muted_seconds", "Audio thrown away while muted."),
    "overruns": ("overruns", "Blocks of audio that the machine was too slow to take."),
    "lost_samples": ("lost_samples", "Samples that were lost on the way."),
    "clipped_samples": ("clipped_samples", "Samples at full scale."),
    "reopened": ("reopened", "How often the source was opened again."),
    "stalls": ("stalls", "How often a device gave no sound for a while."),
}
"""Facts of the part ``audio`` -> (metric without nuthatch_audio_, help); other facts are nuthatch_part_fact."""

COSTS = {
    "inference_s": ("nuthatch_inference_seconds", "Time spent in the network and its decision."),
    "steps": ("nuthatch_inference_steps", "Times the network was asked."),
}
TOLD = {"audio": {*AUDIO_GAUGES, *AUDIO_COUNTERS}, "task": {*COSTS, "real_time_factor", "audio_s"}}
"""Facts of a kind of part that have a metric of their own."""


class Metrics:
    """One registry of its own: nothing that another library registers is shown."""

    def __init__(self, control: Control, detections: Mapping[tuple[str, str, str], int]) -> None:
        """``detections``: (model, task, label) -> how many there were; goes on counting."""
        self.door: Door | None = None
        self.watchers: Watchers | None = None
        self._control, self._counts = control, detections
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(self)  # type: ignore[arg-type]

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """(text, its content type) in the format that the reader asked for."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self.registry), content_type

    def describe(self) -> Iterable[Metric]:
        """Nothing is collected when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._of_daemon()
        yield self._of_detections()
        yield from self._of_models()
        yield from self._of_parts()
        yield from self._of_queues()
        yield from self._of_page()

    def _of_daemon(self) -> Iterator[Metric]:
        control = self._control
        told = {"name": control.name, "device_id": control.device_id, "version": control.version}
        yield InfoMetricFamily("nuthatch", "The daemon.", value=told)
        muted = GaugeMetricFamily("nuthatch_muted", "1 while nothing is heard for this reason.", labels=["reason"])
        for reason in ("switch", "hours", "gpio"):
            muted.add_metric([reason], float(control.muted == reason))
        yield muted

    def _of_detections(self) -> Metric:
        text, labels = "Keywords heard and changes of a state.", ["model", "task", "label"]
        family = CounterMetricFamily("nuthatch_detections", text, labels=labels)
        for kind, count in dict(self._counts).items():
            family.add_metric(list(kind), count)
        return family

    def _of_models(self) -> Iterator[Metric]:
        models = self._control.models
        info = InfoMetricFamily("nuthatch_model", "A model that runs.", labels=["model"])
        threshold = GaugeMetricFamily("nuthatch_threshold", "As it is now.", labels=["model", "label"])
        factor = GaugeMetricFamily(
            "nuthatch_real_time_factor", "Time the model needs for a second of audio, s.", labels=["model"]
        )
        sums = {k: CounterMetricFamily(name, text, labels=["model"]) for k, (name, text) in COSTS.items()}
        for model in models:
            name = model.manifest.name
            info.add_metric([name], {"task": model.manifest.task, "hash": model.model_hash})
            for label, value in model.thresholds.items():
                threshold.add_metric([name, label], value)
            for key, family in sums.items():
                family.add_metric([name], model.cost.get(key, 0.0))
            factor.add_metric([name], model.cost.get("real_time_factor", 0.0))
        yield from (info, threshold, factor, *sums.values())

    def _of_parts(self) -> Iterator[Metric]:
        parts = self._control.health.parts
        ok = GaugeMetricFamily("nuthatch_part_ok", "1 when the part says that it is well.", labels=["part"])
        since = GaugeMetricFamily("nuthatch_part_since_seconds", "Time in the present state.", labels=["part"])
        fact = GaugeMetricFamily("nuthatch_part_fact", "Numbers that parts tell.", labels=["part", "fact"])
        now = time.time()
        for part, status in parts.items():
            ok.add_metric([part], float(status.ok))
            since.add_metric([part], max(0.0, now - status.since_s))
            for name, value in status.facts.items():
                if is_number(value) and name not in TOLD.get(part.partition("/")[0], ()):
                    fact.add_metric([part, name], float(value))
        yield from (ok, since, fact)
        audio = parts["audio"].facts if "audio" in parts else {}
        yield from _of_audio(audio)

    def _of_queues(self) -> Iterator[Metric]:
        labels = ["queue", "reader"]
        length = GaugeMetricFamily("nuthatch_queue_length", "Items that wait for a reader.", labels=labels)
        given = CounterMetricFamily("nuthatch_queue_given", "Items that a reader was given.", labels=labels)
        dropped = CounterMetricFamily("nuthatch_queue_dropped", "Items lost: the reader was slow.", labels=labels)
        for queue, hub in (("records", self._control.records), ("pulses", self._control.pulses)):
            for feed in hub.feeds:
                length.add_metric([queue, feed.name], len(feed))
                given.add_metric([queue, feed.name], feed.given)
                dropped.add_metric([queue, feed.name], feed.dropped)
        yield from (length, given, dropped)

    def _of_page(self) -> Iterator[Metric]:
        if self.door is not None:
            yield GaugeMetricFamily("nuthatch_page_connections", "Open connections.", value=len(self.door))
            cut = CounterMetricFamily("nuthatch_page_cut", "Connections that were not kept.", labels=["reason"])
            cut.add_metric(["limit"], self.door.refused)
            cut.add_metric(["time"], self.door.expired)
            cut.add_metric(["slow"], self.watchers.dropped if self.watchers else 0)
            yield cut
        if self.watchers is not None:
            yield GaugeMetricFamily("nuthatch_page_watchers", "Pages that are open.", value=len(self.watchers))


def _of_audio(facts: dict[str, Any]) -> Iterator[Metric]:
    """Counters always, so that a dashboard has a line from the first second on."""
    for fact, (name, text) in AUDIO_GAUGES.items():
        if is_number(facts.get(fact)):
            yield GaugeMetricFamily(f"nuthatch_audio_{name}", text, value=facts[fact])
    for fact, (name, text) in AUDIO_COUNTERS.items():
        yield CounterMetricFamily(f"nuthatch_audio_{name}", text, value=facts.get(fact, 0))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def health_report(control: Control) -> tuple[bool, dict[str, Any]]:
    """(does the daemon do its work, the parts): it hears or was told not to, and every task runs.

    A broker that is away is no reason to start the daemon again: sinks show in the report and in its ``ok`` only.
    """
    parts = control.health.parts
    audio = parts.get("audio")
    hearing = audio is not None and audio.ok and not control.muted
    tasks = {n.removeprefix("task/"): s for n, s in parts.items() if n.startswith("task/")}
    sinks = {n.removeprefix("sink/"): s for n, s in parts.items() if n.startswith("sink/")}
    rest = {n: s for n, s in parts.items() if "/" not in n}
    healthy = (hearing or bool(control.muted)) and all(s.ok for s in tasks.values())
    report = {
        "alive": True,
        "ok": healthy and control.health.ok,
        "hearing": hearing,
        "muted": control.muted,
        **{
            kind: {n: {"ok": s.ok, "state": s.state, "text": s.text} for n, s in sorted(found.items())}
            for kind, found in (("tasks", tasks), ("sinks", sinks), ("parts", rest))
        },
    }
    return healthy, report
