"""The device and its entities, as Home Assistant's MQTT discovery wants them; and their values now."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from edge.daemon.control import Control, Loaded
from edge.sink.homeassistant.topics import SEEN_AS, Topics, set_of, slug

PRESENT = "person"
"""State of a portrait task while somebody is there (edge/tasks)."""

Entity = tuple[str, str, dict[str, Any]]
"""Component, id within the device, what is particular to it."""


def discovery(control: Control, topics: Topics) -> dict[str, str]:
    """Topic -> JSON, to be retained, for everything that runs now."""
    found = {}
    for component, entity, particular in _entities(control, topics):
        shared = {
            "unique_id": f"{topics.node}_{entity}",
            "availability_topic": topics.availability,
            "device": _device(control, topics),
            "origin": {"name": SEEN_AS, "sw_version": control.version},
        }
        found[topics.config(component, entity)] = json.dumps(particular | shared, ensure_ascii=False)
    return found


def values(control: Control, topics: Topics) -> dict[str, str]:
    """Topic -> value, to be retained and told at once when it changes."""
    found = {
        topics.mute: "ON" if control.muted == "switch" else "OFF",
        topics.health: json.dumps(_health(control), ensure_ascii=False),
    }
    for model in control.models:
        name = model.manifest.name
        if model.state:
            found[topics.state(name)] = model.state
        for label, threshold in model.thresholds.items():
            found[topics.threshold(name, label)] = f"{threshold:.4g}"
    return found


def measures(control: Control, topics: Topics) -> dict[str, str]:
    """Topic -> number, to be retained and told now and then: they always change."""
    found = {topics.score(m.manifest.name): f"{m.score:.2f}" for m in control.models if m.manifest.task != "keyword"}
    audio = control.health.parts.get("audio")
    level = audio.facts.get("level_dbfs") if audio else None
    if isinstance(level, int | float) and math.isfinite(level):
        found[topics.level] = f"{level:.0f}"
    return found


def commands(control: Control, topics: Topics) -> dict[str, Callable[[str], None]]:
    """Topic -> what to do with its text; raises ValueError for a text that is none of its values."""
    found: dict[str, Callable[[str], None]] = {set_of(topics.mute): lambda text: control.mute(_on(text))}
    for model in control.models:
        for label in model.thresholds:
            found[set_of(topics.threshold(model.manifest.name, label))] = _setter(control, model.manifest.name, label)
    return found


def _setter(control: Control, model: str, label: str) -> Callable[[str], None]:
    return lambda text: control.set_threshold(model, label, _threshold(text))


def _on(text: str) -> bool:
    if text not in ("ON", "OFF"):
        raise ValueError("is neither ON nor OFF")
    return text == "ON"


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is no number") from None
    if not 0.0 < value <= 1.0:
        raise ValueError("is outside (0, 1]")
    return value


def _health(control: Control) -> dict[str, str]:
    wrong = [f"{part}: {s.text or s.state}" for part, s in sorted(control.health.parts.items()) if not s.ok]
    return {"problem": "ON" if wrong else "OFF", "text": "; ".join(wrong)[:500], "muted": control.muted}


def _device(control: Control, topics: Topics) -> dict[str, Any]:
    return {
        "identifiers": [topics.node],
        "name": control.name,
        "manufacturer": "Nuthatch",
        "model": "Nuthatch",
        "sw_version": control.version,
    }


def _entities(control: Control, topics: Topics) -> Iterator[Entity]:
    yield (
        "switch",
        "mute",
        {
            "name": "Mute",
            "icon": "mdi:microphone-off",
            "state_topic": topics.mute,
            "command_topic": set_of(topics.mute),
        },
    )
    yield (
        "sensor",
        "level",
        {
            "name": "Level",
            "icon": "mdi:microphone",
            "state_topic": topics.level,
            "unit_of_measurement": "dBFS",
            "state_class": "measurement",
            "entity_category": "diagnostic",
        },
    )
    yield (
        "binary_sensor",
        "problem",
        {
            "name": "Problem",
            "device_class": "problem",
            "state_topic": topics.health,
            "value_template": "{{ value_json.problem }}",
            "json_attributes_topic": topics.health,
            "entity_category": "diagnostic",
        },
    )
    for model in control.models:
        yield from _of_task(model, topics)
        for label in model.thresholds:
            yield _number(model.manifest.name, label, topics)


def _of_task(model: Loaded, topics: Topics) -> Iterator[Entity]:
    """An event for keywords, presence and share for portraits, a sensor for whatever else has a state."""
    name, task = model.manifest.name, model.manifest.task
    if task == "keyword":
        yield (
            "event",
            slug(name),
            {
                "name": name,
                "icon": "mdi:account-voice",
                "state_topic": topics.event(name),
                "event_types": list(model.manifest.targets),
            },
        )
    elif task == "portrait":
        yield (
            "binary_sensor",
            f"{slug(name)}_presence",
            {
                "name": f"{name} presence",
                "device_class": "occupancy",
                "state_topic": topics.state(name),
                "value_template": f"{{{{ 'ON' if value == '{PRESENT}' else 'OFF' }}}}",
            },
        )
        yield _share(name, "share", topics)
    else:
        yield (
            "sensor",
            f"{slug(name)}_state",
            {
                "name": name,
                "icon": "mdi:ear-hearing",
                "state_topic": topics.state(name),
            },
        )
        yield _share(name, "certainty", topics)


def _share(name: str, what: str, topics: Topics) -> Entity:
    return (
        "sensor",
        f"{slug(name)}_{what}",
        {
            "name": f"{name} {what}",
            "state_topic": topics.score(name),
            "value_template": "{{ (value | float(0) * 100) | round(0) }}",
            "unit_of_measurement": "%",
            "state_class": "measurement",
        },
    )


def _number(model: str, label: str, topics: Topics) -> Entity:
    topic = topics.threshold(model, label)
    return (
        "number",
        f"{slug(model)}_{slug(label)}_threshold",
        {
            "name": f"{model} {label} threshold",
            "icon": "mdi:tune",
            "state_topic": topic,
            "command_topic": set_of(topic),
            "min": 0.005,
            "max": 1.0,
            "step": 0.005,
            "mode": "slider",
            "entity_category": "config",
        },
    )
