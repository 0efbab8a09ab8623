"""The configuration: one TOML file, the environment over it, the command line over both.

Every field has a title and a description, from which the schema, the documentation, the example and the page's
form are made. Each sink brings its own section.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from edge.daemon.config_error import ConfigError, Problem
from edge.daemon.config_problems import problem_at, problems_of, unknown
from edge.daemon.layers import Layer, from_command_line, from_environment, from_file, merged
from edge.daemon.sections import Audio, Device, Log, Models, Page, Quiet, Section, Store, Task
from edge.daemon.toml_lines import Key, steps_into
from edge.sink.sink import load as load_sink
from edge.sink.sink import sinks

__all__ = ["Config", "ConfigError", "Problem", "check", "find", "load", "places"]


class Config(Section):
    """All of it. Two that are equal ask for the same service."""

    device: Device = Field(Device(), title="Device", description="This machine.")
    audio: Audio = Field(Audio(), title="Audio", description="Where the sound comes from.")
    task: list[Task] = Field(
        default_factory=list, title="Tasks", description="The models that run side by side, one [[task]] each."
    )
    quiet: Quiet = Field(Quiet(), title="Quiet", description="When nothing shall be heard.")
    sink: dict[str, Any] = Field(
        default_factory=dict, title="Sinks", description="Where events go: [sink.<name>] switches one on."
    )
    """Name -> that sink's own Config."""
    page: Page = Field(Page(), title="Page", description="The page in the browser.")
    store: Store = Field(Store(), title="Store", description="What is kept on the disk.")
    models: Models = Field(Models(), title="Models", description="Models added to this machine.")
    log: Log = Field(Log(), title="Log", description="What the service says.")
    _path: Path | None = PrivateAttr(None)
    _layers: tuple[Layer, ...] = PrivateAttr(())

    @property
    def path(self) -> Path | None:
        """The file that was read; None when there was none."""
        return self._path

    def origin(self, path: Sequence[Key]) -> str:
        """Where a value was said, ``file:line`` or a variable's name; empty for a default."""
        for layer in reversed(self._layers):
            if steps_into(layer.values, path) == len(path):
                place, line = layer.place_of(path)
                return f"{place}:{line}" if line else place
        return ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and dict(self) == dict(other)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [t.model for t in self.task]
        for task in self.task:
            if names.count(task.model) > 1:
                raise ValueError(f"two tasks have the model {task.model}; leave one")
            if task.gate and (task.gate not in names or task.gate == task.model):
                raise ValueError(f"the task {task.model} waits for {task.gate}, which is no other task's model")
        return self


def places() -> list[Path]:
    """Where a file is looked for; the last one that exists is read."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return [
        Path("/etc/nuthatch/config.toml"),
        Path(home).expanduser() / "nuthatch" / "config.toml",
        Path("nuthatch.toml"),
    ]


def find() -> Path | None:
    """The nearest configuration: ``./nuthatch.toml``, the user's, the machine's, or None."""
    return next((p for p in reversed(places()) if p.is_file()), None)


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    settings: Mapping[str, Any] | None = None,
) -> Config:
    """The file (or the nearest, or none), the environment over it, ``{"audio.device": "USB"}`` over both.

    Raises ConfigError with every problem: file, line, field and remedy.
    """
    path = path or find()
    layers = [from_file(path)] if path else []
    layers.append(from_environment(environ, Config.model_fields))
    layers.append(from_command_line(settings or {}))
    config = check(layers)
    config._path, config._layers = path, tuple(layers)
    return config


def check(layers: Sequence[Layer]) -> Config:
    """What the layers say together; raises ConfigError."""
    values = merged(layers)
    asked, problems = values.pop("sink", {}), []
    if not isinstance(asked, dict):
        asked, problems = {}, [problem_at(["sink"], "must be tables; write [sink.mqtt]", layers)]
    configs = {name: _sink(name, given, layers, problems) for name, given in asked.items()}
    try:
        config = Config.model_validate(values)
    except ValidationError as e:
        problems = problems_of(e, Config, values, layers) + problems
    if problems:
        raise ConfigError(problems)
    return config.model_copy(update={"sink": configs})


def _sink(name: str, given: Any, layers: Sequence[Layer], problems: list[Problem]) -> Any:
    """Its own Config; only sinks that are asked for are imported."""
    path = ["sink", name]
    if name not in sinks():
        problems.append(unknown(path, sinks(), layers))
        return None
    model = load_sink(name).Config
    try:
        return model.model_validate(given)
    except ValidationError as e:
        problems += problems_of(e, model, given, layers, path)
    return None
