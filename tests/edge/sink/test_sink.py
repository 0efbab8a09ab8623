"""What every file of the folder must be to be a sink; a new one is tested without editing this."""

from __future__ import annotations

import inspect

import pytest

pytest.importorskip("pydantic", reason="needs the extra daemon")

from edge.sink.sink import load, sinks  # noqa: E402


def test_the_folder_is_the_list():
    assert {"command", "jsonl", "mqtt", "webhook", "wyoming"} <= set(sinks())
    assert not {"delivery", "sink", "console"} & set(sinks())


@pytest.mark.parametrize("name", sinks())
def test_a_sink_has_its_configuration_and_runs(name):
    module = load(name)
    assert list(inspect.signature(module.run).parameters) == ["config", "feed", "control"]
    assert inspect.iscoroutinefunction(module.run)
    for field, about in module.Config.model_fields.items():
        assert about.title and about.description, f"{name}.{field}"
    assert {"models", "labels"} <= set(module.Config.model_fields)


@pytest.mark.parametrize("name", sinks())
def test_reading_a_configuration_loads_no_library(name):
    """A sink that is not used costs no memory: its libraries are imported when it runs."""
    import subprocess
    import sys

    code = (
        f"import sys, edge.sink.{name}; print([m for m in ('aiomqtt', 'aiohttp', 'wyoming.event') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
