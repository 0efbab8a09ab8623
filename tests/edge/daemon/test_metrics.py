"""What Prometheus reads, what /healthz says, and that the dashboard asks only for what there is."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from control_double import ControlDouble
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families

from edge.daemon.metrics import AUDIO_COUNTERS, AUDIO_GAUGES, Metrics, health_report
from edge.daemon.page.door import Door
from edge.daemon.page.watch import Watchers

DOCS = Path(__file__).parents[3] / "docs"
FACTS = dict.fromkeys([*AUDIO_GAUGES, *AUDIO_COUNTERS], 3)


@pytest.fixture
def control(tmp_path):
    return ControlDouble(tmp_path, ["wake_alexa", "commands12"])


@pytest.fixture
def metrics(control):
    control.health.say("audio", True, "hearing", "a microphone", device="USB", **FACTS)
    control.health.say("sink/mqtt", False, "retrying", waiting=4)
    control.records.feed("mqtt", 10)
    made = Metrics(control, Counter())
    made.door, made.watchers = Door(lambda: None), Watchers(control)
    return made


def samples(metrics):
    """(name, labels) -> value"""
    text = metrics.exposition()[0].decode()
    return {(s.name, frozenset(s.labels.items())): s.value for f in families(text) for s in f.samples}


def value(metrics, name, **labels):
    return samples(metrics)[name, frozenset(labels.items())]


def test_detections_are_counted_by_model_and_label(metrics):
    for label in ("go", "go", "stop"):
        metrics._counts["commands12", "keyword", label] += 1
    assert value(metrics, "nuthatch_detections_total", model="commands12", task="keyword", label="go") == 2
    assert value(metrics, "nuthatch_detections_total", model="commands12", task="keyword", label="stop") == 1


def test_all_is_there(metrics, control):
    assert value(metrics, "nuthatch_threshold", model="commands12", label="go") == control.models[1].thresholds["go"]
    for fact, (name, _) in AUDIO_GAUGES.items():
        assert value(metrics, f"nuthatch_audio_{name}") == FACTS[fact]
    for fact, (name, _) in AUDIO_COUNTERS.items():
        assert value(metrics, f"nuthatch_audio_{name}_total") == FACTS[fact]
    assert value(metrics, "nuthatch_part_ok", part="sink/mqtt") == 0
    assert value(metrics, "nuthatch_part_fact", part="sink/mqtt", fact="waiting") == 4
    assert value(metrics, "nuthatch_model_info", model="wake_alexa", task="keyword", hash="0123456789ab") == 1
    assert value(metrics, "process_resident_memory_bytes") > 1e6
    control._listener.push(np_second())
    assert value(metrics, "nuthatch_inference_steps_total", model="wake_alexa") > 0
    assert value(metrics, "nuthatch_inference_seconds_total", model="wake_alexa") > 0


def np_second():
    import numpy as np

    return np.zeros(16_000, np.int16)


def test_queues_tell_what_they_hold_and_what_they_lost(metrics, control):
    for k in range(13):
        control.records.publish(k)
    labels = {"queue": "records", "reader": "mqtt"}
    assert value(metrics, "nuthatch_queue_length", **labels) == 10
    assert value(metrics, "nuthatch_queue_given_total", **labels) == 13
    assert value(metrics, "nuthatch_queue_dropped_total", **labels) == 3


def test_the_newer_format_is_spoken_too(metrics):
    text, kind = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert "nuthatch_threshold" in {f.name for f in openmetrics(text.decode())}


def test_a_name_may_hold_anything(metrics, control):
    control.name = 'a "quoted"\nname\\'
    control.health.say("sink/x", True, "ok", **{'strange "fact"\n': 1})
    assert any(labels and dict(labels).get("name") == control.name for _, labels in samples(metrics))


def test_registries_of_others_are_left_alone(control):
    from prometheus_client import REGISTRY

    Metrics(control, {})
    Metrics(control, {})  # the page opened again
    assert not [f.name for f in REGISTRY.collect() if f.name.startswith("nuthatch")]


def test_the_dashboard_asks_only_for_what_there_is(metrics):
    metrics._counts["commands12", "keyword", "go"] += 1
    names = {name for name, _ in samples(metrics)}
    dashboard = json.loads((DOCS / "grafana" / "nuthatch.json").read_text())
    asked = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    asked += [v["query"] for v in dashboard["templating"]["list"]]
    used = set(re.findall(r"\b(?:nuthatch|process)_\w+", " ".join(asked)))
    assert used and used <= names
    ids = [p["id"] for p in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_documentation_lists_every_metric(metrics):
    metrics._counts["commands12", "keyword", "go"] += 1
    names = {name for name, _ in samples(metrics) if name.startswith("nuthatch")}
    listed = set(re.findall(r"`(nuthatch_\w+)", (DOCS / "metrics.md").read_text()))
    assert names == listed


def test_health_speaks_of_what_a_restart_could_mend(control):
    control.health.say("audio", True, "hearing")
    healthy, report = health_report(control)
    assert healthy and report["ok"] and report["hearing"] and set(report["tasks"]) == {"wake_alexa", "commands12"}
    control.health.say("sink/mqtt", False, "retrying", "broker away")
    control.health.say("store", False, "not writing", "disk full")
    healthy, report = health_report(control)
    assert healthy and not report["ok"] and report["sinks"]["mqtt"]["text"] == "broker away"
    control.health.say("task/wake_alexa", False, "failed", "model file gone")
    assert not health_report(control)[0]


def test_health_before_anything_was_heard(tmp_path):
    silent = ControlDouble(tmp_path)
    silent.health.forget("audio")
    assert health_report(silent)[0] is False
    silent.muted = "switch"
    assert health_report(silent)[0] is True
