"""What a sink of the daemon is: a module in this folder with ``Config`` and ``run``; nothing else lists it.

A folder in here is no sink but what sinks are made of: ``delivery`` for all of them, others for one.

The section ``[sink.<module>]`` of the configuration switches it on and is checked by its ``Config``, a pydantic
model whose fields have a title and a description. Each sink has its own queue and its own asyncio task.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any, Protocol

import edge.sink
from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record

_NO_SINKS = {"sink", "console", "scores"}
"""This file, and the two that `nuthatch listen` writes with."""


class SinkModule(Protocol):
    """A module of this folder."""

    Config: type[Any]

    async def run(self, config: Any, feed: Feed[Record], control: Control) -> None:
        """Until cancelled, or the feed is closed and what it had is told. Waits, retries and reconnects by itself
        and says so as ``sink/<name>`` in ``control.health``; an exception means a defect: the service logs it and
        starts the sink again, later and later."""
        ...


def sinks() -> list[str]:
    """Their names; nothing is imported."""
    found = pkgutil.iter_modules(edge.sink.__path__)
    return sorted(m.name for m in found if not m.ispkg and m.name not in _NO_SINKS)


def load(name: str) -> ModuleType:
    """The sink's module; raises ImportError when a library of its extra is missing."""
    return importlib.import_module(f"edge.sink.{name}")
