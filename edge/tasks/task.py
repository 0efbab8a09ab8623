"""What a task that hears is to its listener, and how one is made from a bundle: ``manifest.task`` names the file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import edge.tasks
from edge.frontend.config import FrontendConfig
from edge.manifest import Bundle, BundleError
from edge.runtime.backend import DEFAULT
from edge.tasks.event import Event

REPORTED = 0.01
"""Smoothed scores below this are not worth a line."""

SIGN = np.uint8(0x80)

Report = Callable[[Event], None]


class SoundTask(Protocol):
    """One model on one audio stream; it counts the frames, so it knows the time."""

    name: str
    frontend: FrontendConfig

    @property
    def steps(self) -> int:
        """Times the network had its turn since the stream began."""
        ...

    @property
    def tail_samples(self) -> int:
        """Samples of silence to hear after the end of a recording, so that nothing in it is missed."""
        ...

    @property
    def scores(self) -> dict[str, float]:
        """Smoothed score of every target, 0 to 1."""
        ...

    def reset(self) -> None:
        """Begin a new stream at time 0."""
        ...

    def push(self, features: NDArray[np.int8]) -> list[Event]:
        """Frames int8 [n, bands], any n -> the events they complete, in order."""
        ...


@dataclass(frozen=True)
class TaskOptions:
    """What the user may choose about a task that hears."""

    thresholds: Mapping[str, float] | None = None
    """Of targets; those that are not here have the model's own (tasks with thresholds only)."""
    threads: int = 1
    backend: str = DEFAULT
    report: Report | None = None
    """Gets the smoothed score of every target and step that is at least ``REPORTED``."""


def open_task(bundle: Bundle, options: TaskOptions | None = None) -> SoundTask:
    """The bundle's task. Raises BundleError, ModelFileError, or ValueError for a threshold out of range."""
    kind = bundle.manifest.task
    opener = getattr(_module(kind), "open_task", None)
    if opener is None:
        remedy = "nuthatch watch runs it" if bundle.manifest.picture else "this version of nuthatch is too old for it"
        raise BundleError(f"{bundle.manifest.name}: a task {kind!r} does not hear; {remedy}")
    task: SoundTask = opener(bundle, options or TaskOptions())
    return task


def _module(kind: str) -> ModuleType | None:
    if not any(m.name == kind for m in pkgutil.iter_modules(edge.tasks.__path__)):
        return None
    return importlib.import_module(f"edge.tasks.{kind}")
